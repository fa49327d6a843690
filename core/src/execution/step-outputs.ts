import { placeWithin } from '../artifacts/place-within.ts';
import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import { isFileArtifact } from '../artifacts/file-artifact.ts';
import { isFolderArtifact } from '../artifacts/folder-artifact.ts';
import { materializerFor } from '../artifacts/materializers.ts';
import { saveValue } from '../artifacts/save-value.ts';
import { ArtifactStoreFailed, isError, NotSerializable, OutputMissing, OutputNotStorable } from '../errors.ts';
import { newId } from '../id.ts';
import type { OutputSpec, StepSpec } from '../pipeline/pipeline-spec.ts';
import type { ProducedVersion, VersionIntent } from '../store/version-data.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import { logTrackedOutput } from '../tracking/tracked-output.ts';
import type { OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import type { StepCall } from './step-call.ts';

/** An output whose bytes are stored, to be committed. */
export interface StoredOutput {
  version: ProducedVersion;
  value: unknown;
  encoded: Uint8Array | undefined;
}

interface Output {
  spec: OutputSpec;
  value: unknown;
}

/** The versions that an attempt's outputs will become, announced before any byte of them is written. */
export function intendedOutputs(run: OpenRun, step: StepSpec): VersionIntent[] {
  return step.outputs.map(({ artifact }) => {
    const id = newId();
    return { id, artifact, storeId: run.stack.artifactStore.id, keyPrefix: keyPrefixOf(artifact, id) };
  });
}

/** Splits what was returned into the declared outputs, logs the tracked ones, and stores the bytes of all. `intents`: one per output of the step. */
export async function storeOutputs(
  run: { stack: Pick<OpenRun['stack'], 'artifactStore'> },
  call: Pick<StepCall, 'step'>,
  attempt: { value: unknown; intents: readonly VersionIntent[]; signal: AbortSignal; tracking: AttemptTracking },
): Promise<StoredOutput[]> {
  const outputs = splitOutputs(call.step, attempt.value);
  for (const { spec, value } of outputs) storable(call.step, { spec, value }, () => materializerFor(value));
  for (const { spec, value } of outputs) if (spec.tracked) logTrackedOutput(attempt.tracking, spec.name, spec.tracked, value);
  const stored: StoredOutput[] = [];
  for (const [index, { spec, value }] of outputs.entries()) {
    const { id, artifact, storeId, keyPrefix } = attempt.intents[index]!;
    const { signal } = attempt;
    const save = () => saveValue(value, { store: run.stack.artifactStore, keyPrefix, signal });
    const { encoded, ...saved } = await storableAsync(call.step, { spec, value }, signal, save);
    stored.push({ version: { ...saved, id, artifact, storeId, output: spec.name, metadata: {} }, value, encoded });
  }
  return stored;
}

/** Names of what a step returned beside the outputs that it declares, which is not kept. */
export function undeclaredOutputs(step: Pick<StepSpec, 'outputs' | 'splitOutputs'>, returned: unknown): string[] {
  if (!step.splitOutputs || typeof returned !== 'object' || returned === null) return [];
  const declared = new Set(step.outputs.map(({ name }) => name));
  // An accessor is the user's code: it is not called for this.
  const given = (name: string): boolean => Object.getOwnPropertyDescriptor(returned, name)?.value !== undefined;
  return Object.keys(returned).filter((name) => !declared.has(name) && given(name));
}

function splitOutputs(step: StepSpec, value: unknown): Output[] {
  const only = step.outputs[0];
  if (!step.splitOutputs) return only === undefined ? [] : [{ spec: only, value }];
  const returned = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  return step.outputs.map((spec) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, spec.name))
      throw new OutputMissing({
        step: step.id,
        output: spec.name,
        returned: returned === 'object' ? `only ${Object.keys(value as object).join(', ') || 'nothing'}` : returned,
      });
    return { spec, value: (value as Record<string, unknown>)[spec.name] };
  });
}

function storable(step: StepSpec, output: Output, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw notStorable(step, output, cause);
  }
}

async function storableAsync<T>(step: StepSpec, output: Output, signal: AbortSignal, save: () => Promise<T>): Promise<T> {
  try {
    return await save();
  } catch (cause) {
    // What stopped the attempt is the reason, and says nothing of the output.
    signal.throwIfAborted();
    throw notStorable(step, output, cause);
  }
}

function notStorable(step: StepSpec, { spec, value }: Output, cause: unknown): Error {
  const at = { step: step.id, output: spec.name };
  if (isError(cause, ArtifactStoreFailed)) {
    const mend = cause.advice?.replace(/\.$/, '');
    return new OutputNotStorable({ ...at, reason: cause.message, store: true, ...(mend !== undefined && { mend }) }, { cause });
  }
  if (isFileArtifact(value) || isFolderArtifact(value)) {
    const reason = isError(cause, NotSerializable) ? `${cause.facts.path} is ${cause.facts.what}` : reasonOf(cause);
    return new OutputNotStorable({ ...at, reason, path: true }, { cause });
  }
  if (!isError(cause, NotSerializable)) return new OutputNotStorable({ ...at, reason: reasonOf(cause) }, { cause });
  const { path } = cause.facts;
  const placed = placeWithin(spec.name, cause.facts);
  // `value.model`: a place within the output.
  if (!/^value[^\w]/.test(path)) return new OutputNotStorable({ ...at, reason: cause.message.replace(/^value/, spec.name) }, { cause });
  const mended = withoutMaterializer(placed.what);
  if (mended !== undefined)
    return new OutputNotStorable({ ...at, reason: `${placed.path} is ${mended.what}`, part: true, mend: mended.mend }, { cause });
  const reason = `${placed.path} is ${placed.what}, and a materializer serves a whole output only`;
  return new OutputNotStorable({ ...at, reason, part: true }, { cause });
}

/** Parts of a value that need no materializer, but another place, or a moment's wait. */
function withoutMaterializer(what: string): { what: string; mend: string } | undefined {
  if (what.startsWith('a Promise')) return { what, mend: 'Await it before the step returns.' };
  const kind = /^an instance of (File|Folder)Artifact$/.exec(what)?.[1]?.toLowerCase() ?? /^a stream/.exec(what)?.[0].slice(2);
  if (kind === undefined) return undefined;
  return {
    what: `a ${kind}, which can only be an output of its own`,
    mend: 'Name it in the outputs of the step: step(name, { outputs }, fn).',
  };
}
