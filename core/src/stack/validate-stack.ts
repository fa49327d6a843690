import { isMortiseError } from '../errors.ts';
import { configUses } from '../secrets/component-secrets.ts';
import { redact } from '../secrets/redaction.ts';
import { requireReferences } from '../secrets/resolve-references.ts';
import type { ComponentRecord } from '../store/stack-data.ts';
import { withinTime } from '../tracking/within-time.ts';
import { findDescriptor, flavorDescriptors } from './builtin-flavors.ts';
import { vetoOf, type StackMember } from './check-stack.ts';
import type { ComponentType } from './component-types.ts';
import { findStack } from './find-stack.ts';
import { schemaOf } from './flavor-schema.ts';
import type { StackOutline } from './flavor.ts';
import { importFlavor } from './import-flavor.ts';
import { noted } from './load-flavor.ts';
import { makeComponent, type AssemblyPlace } from './make-component.ts';

/** Whether a stack can be used from here, component by component. */
export interface StackValidation {
  stack: string;
  ok: boolean;
  components: ComponentValidation[];
}

export interface ComponentValidation {
  type: ComponentType;
  name: string;
  flavor: string;
  ok: boolean;
  /** It was asked whether it can be reached: its flavor has a `check`. */
  checked: boolean;
  /** What keeps it from being used, in one line. */
  problem: string | null;
  durationMs: number;
}

export interface ValidateOptions {
  /** How long each component may take, ms. Default 10,000. They are looked at side by side, each from when the one before is done or has had 0.2 s. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** What a component does at once, most often as its module is loaded, may block the process: the next begins only after it, ms. */
const HEAD_START_MS = 200;
/** How long a check that was given up may take to remove what it wrote, ms. */
const TIDY_MS = 1_000;
/** How long a component that was given up may take for that and to let go of what it holds, ms. */
const LEAVE_MS = 2_000;

/**
 * Makes every component of a stack, as a run would, asks it whether it can be reached, and lets go of it. What is wrong is told, not thrown.
 * @throws UnknownStack
 */
export async function validateStack(
  name: string,
  place: AssemblyPlace,
  { timeoutMs = TIMEOUT_MS }: ValidateOptions = {},
): Promise<StackValidation> {
  const stack = await findStack(place, name);
  const descriptors = await flavorDescriptors(place.store);
  const probe = async (record: ComponentRecord, run: Probe): Promise<void> =>
    probeComponent({ record, descriptor: findDescriptor(descriptors, record.type, record.flavor) }, stack, place, run);
  const validations: Promise<ComponentValidation>[] = [];
  for (const record of stack.components) {
    const validation = validateComponent(record, timeoutMs, (run) => probe(record, run));
    validations.push(validation);
    await withinTime(validation, HEAD_START_MS);
  }
  const components = await Promise.all(validations);
  return { stack: name, ok: components.every(({ ok }) => ok), components };
}

/**
 * Makes one component, asks it whether it can be reached, and lets go of it, as `validateStack` does for all of a stack; what a flavor has against a stack is
 * not asked. What is wrong is told, not thrown.
 */
export async function checkComponent(
  record: ComponentRecord,
  place: AssemblyPlace,
  { timeoutMs = TIMEOUT_MS }: ValidateOptions = {},
): Promise<ComponentValidation> {
  const descriptor = findDescriptor(await flavorDescriptors(place.store), record.type, record.flavor);
  return validateComponent(record, timeoutMs, (run) => probeComponent({ record, descriptor }, undefined, place, run));
}

/** How far the look at a component has come, and what ends it. */
interface Probe {
  /** What is being done now; what was done before is remembered with it. */
  doing: string;
  checked: boolean;
  signal: AbortSignal;
  /** Nothing is waited for any more. */
  over: AbortSignal;
}

async function validateComponent(
  { type, name, flavor }: ComponentRecord,
  timeoutMs: number,
  probe: (run: Probe) => Promise<void>,
): Promise<ComponentValidation> {
  const [stop, end] = [new AbortController(), new AbortController()];
  const done = [{ doing: 'loading its flavor', from: performance.now() }];
  const run: Probe = {
    get doing() {
      return done.at(-1)!.doing;
    },
    set doing(doing) {
      done.push({ doing, from: performance.now() });
    },
    checked: false,
    signal: stop.signal,
    over: end.signal,
  };
  let answer: string | null | undefined;
  const work = probe(run).then(
    () => (answer = null),
    (error: unknown) => (answer = redact(lineOf(error))),
  );
  await withinTime(work, timeoutMs);
  const endedAt = performance.now();
  const took = endedAt - done[0]!.from;
  // No timer ends code that blocks the process: what came too late is too late all the same.
  const late = answer === undefined ? run.doing : answer === null && took > timeoutMs ? longest(done, endedAt) : undefined;
  const problem = late === undefined ? answer! : `${late} took longer than ${timeoutMs / 1000} s`;
  const durationMs = Math.round(took);
  stop.abort();
  await withinTime(work, LEAVE_MS);
  end.abort();
  return { type, name, flavor, ok: problem === null, checked: run.checked, problem, durationMs };
}

/** Which of several things in a row took longest. */
function longest(done: readonly { doing: string; from: number }[], endedAt: number): string {
  const times = done.map(({ from }, index) => (done[index + 1]?.from ?? endedAt) - from);
  return done[times.indexOf(Math.max(...times))]!.doing;
}

/** What was made is let go of, also when it comes only after nobody waits any more. */
async function probeComponent(member: StackMember, stack: StackOutline | undefined, place: AssemblyPlace, run: Probe): Promise<void> {
  const { record, descriptor } = member;
  const flavor = await noted(descriptor, place, () => importFlavor(descriptor, place.project.root));
  await schemaOf(flavor, 'settings');
  const veto = stack && (await vetoOf(member, stack, place));
  if (veto !== undefined) throw veto;
  await requireReferences(configUses([record]), place.store);
  run.doing = 'making it';
  const component = await makeComponent(record, descriptor, { ...place, fetch: fetchUntil(run.over) });
  const letGo = async (): Promise<void> => {
    if (!run.signal.aborted) run.doing = 'letting go of it';
    await component[Symbol.asyncDispose]?.();
  };
  try {
    run.doing = 'checking it';
    if (!run.signal.aborted && component.check !== undefined) {
      run.checked = true;
      const check = component.check(run.signal);
      await Promise.race([check, aborted(run.signal).then(() => withinTime(check, TIDY_MS))]);
    }
  } catch (error) {
    // What the check says comes first, whatever else goes wrong then.
    await letGo().catch(() => undefined);
    throw error;
  }
  await letGo();
}

/** What a component asks for ends with the look at it. */
function fetchUntil(signal: AbortSignal): typeof fetch {
  return (input, { signal: own, ...init } = {}) => fetch(input, { ...init, signal: own ? AbortSignal.any([signal, own]) : signal });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function lineOf(error: unknown): string {
  if (isMortiseError(error)) return error.line;
  const { message = String(error), cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  const because = (cause as { message?: unknown } | undefined)?.message;
  return [message, ...(because === undefined ? [] : [because])].map(String).join(': ').replaceAll(/\s+/g, ' ').trim();
}
