import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import { contentOf, hasSameContent } from '../artifacts/content-of.ts';
import { holdCopy } from '../artifacts/copies-of-step.ts';
import { fingerprint } from '../artifacts/fingerprint.ts';
import { isReadFromStore } from '../artifacts/hand-over.ts';
import { loadValue } from '../artifacts/load-value.ts';
import { saveValue } from '../artifacts/save-value.ts';
import { fromTagged, toTagged } from '../artifacts/tagged-json.ts';
import { InputNotStorable, isError, StepArguments, StreamSpent } from '../errors.ts';
import { newId } from '../id.ts';
import type { Json } from '../json.ts';
import { isPlain } from '../pipeline/json-value.ts';
import type { InputSpec } from '../pipeline/pipeline-spec.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { loadItems } from './load-items.ts';
import type { OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import { recordOf } from './plan-results.ts';
import type { StepInput } from './step-call.ts';

/** Plain values up to this many characters of JSON are recorded as they are; larger ones are stored as artifact versions. */
const MAX_PLAIN = 4096;

/** Where an object came from: the version whose bytes it was made of, or made. */
interface Origin {
  version: VersionRecord;
  from: { from: string; output: string } | undefined;
}

interface Described {
  input: StepInput;
  spec: InputSpec;
}

/** A step call, as the holder of the objects that it was lent. */
type Borrower = object;

/** Where the values of a class-style run come from. Objects are known by identity, as long as their bytes still hash to the version. */
export class ClassLineage {
  private readonly run: OpenRun;
  private readonly origins = new WeakMap<object, Origin>();
  private readonly lent = new Map<object, Borrower>();

  constructor(run: OpenRun) {
    this.run = run;
  }

  /** `value` is what a step gave as `version`. */
  remember(value: unknown, version: VersionRecord, from: { from: string; output: string }): void {
    if (isObject(value)) this.origins.set(value, { version, from });
  }

  /**
   * What a step call was given. Throws `StepArguments`, `InputNotStorable`. The call gets values that equal what is recorded: an object itself while no
   * other call has it, else a copy. `release` is to be called when it has ended.
   */
  async inputs(
    stepId: string,
    given: unknown,
  ): Promise<{ inputs: Record<string, StepInput>; specs: Record<string, InputSpec>; release: () => void }> {
    const inputs: Record<string, StepInput> = {};
    const specs: Record<string, InputSpec> = {};
    const borrower: Borrower = {};
    for (const [name, value] of Object.entries(namedInputs(stepId, given))) {
      const described = await this.describe({ stepId, name, borrower }, value);
      inputs[name] = described.input;
      specs[name] = described.spec;
    }
    const release = (): void => {
      for (const [value, holder] of this.lent) if (holder === borrower) this.lent.delete(value);
    };
    return { inputs, specs, release };
  }

  private async describe(of: { stepId: string; name: string; borrower: Borrower }, value: unknown): Promise<Described> {
    const { stepId, name, borrower } = of;
    const origin = isObject(value) ? this.origins.get(value) : undefined;
    if (origin !== undefined) {
      const unchanged = await isStill(value, origin.version);
      const version = unchanged ? origin.version : await this.keepLoose(stepId, name, value, 'changed outside a step');
      if (!unchanged) this.origins.set(value as object, { version, from: undefined });
      return this.describedVersion(version, unchanged ? origin.from : undefined, value, borrower);
    }
    if (Array.isArray(value) && value.some((item) => isObject(item) && this.origins.has(item))) {
      // Not map(), which leaves out the places that are empty.
      const items = await Promise.all(Array.from(value, (item) => this.describe(of, item)));
      return {
        input: {
          record: { list: items.map((item) => item.input.record) },
          content: items.map((item) => item.input.content),
          stored: { list: items.map((item) => item.input.stored) },
          load: (signal) =>
            loadItems(
              items.map(({ input }) => input),
              signal,
            ),
        },
        spec: { list: items.map((item) => item.spec) },
      };
    }
    const plain = plainValue(value);
    if (plain !== undefined) {
      const { json } = plain;
      const load = async (): Promise<unknown> => fromTagged(json);
      return { input: { record: { value: json }, content: { value: json }, stored: { value: json }, load }, spec: { value: json } };
    }
    const version = await this.keepLoose(stepId, name, value, 'made outside a step');
    if (isObject(value)) this.origins.set(value, { version, from: undefined });
    return this.describedVersion(version, undefined, value, borrower);
  }

  private describedVersion(version: VersionRecord, from: Origin['from'], value: unknown, borrower: Borrower): Described {
    // Of those that no step gave, what was stored is another one: a stream was read for it, and a file may be written to.
    const isElsewhere = from === undefined && isReadFromStore(value);
    const load = (signal?: AbortSignal): Promise<unknown> =>
      isElsewhere ? this.loadAnew(version, signal) : this.lend(value, version, borrower, signal);
    return {
      input: { record: recordOf(version), content: contentOf(version), stored: { version }, load },
      spec: from ?? { value: { artifact: version.artifact, version: version.version } },
    };
  }

  /** The object itself, unless another call has it or an earlier attempt of this one has changed it. */
  private async lend(value: unknown, version: VersionRecord, borrower: Borrower, signal: AbortSignal | undefined): Promise<unknown> {
    if (!isObject(value)) return value;
    const holder = this.lent.get(value);
    if (holder === undefined) this.lent.set(value, borrower);
    else if (holder !== borrower || !hasSameContent(await fingerprint(value), version)) return this.loadAnew(version, signal);
    holdCopy(value);
    return value;
  }

  private loadAnew(version: VersionRecord, signal: AbortSignal | undefined): Promise<unknown> {
    return loadValue(version, this.run.stack.artifactStore, signal && { signal });
  }

  private async keepLoose(stepId: string, input: string, value: unknown, note: string): Promise<VersionRecord> {
    const { artifactStore } = this.run.stack;
    const id = newId();
    const artifact = `${this.run.plan.pipeline}/${stepId}/input-${input}`;
    const keyPrefix = keyPrefixOf(artifact, id);
    try {
      const { store, id: runId, worker, signal } = this.run;
      await store.intendVersions([{ id, artifact, storeId: artifactStore.id, keyPrefix, producerRunId: runId, workerId: worker.id }]);
      const { encoded: _, ...saved } = await saveValue(value, { store: artifactStore, keyPrefix, signal });
      return await store.commitLooseVersion(runId, { ...saved, id, output: input, metadata: { note: { type: 'string', value: note } } });
    } catch (cause) {
      throw new InputNotStorable({ step: stepId, input, reason: `cannot be stored: ${reasonOf(cause)}` }, { cause });
    }
  }
}

/** A stream that can be read once was read when it was stored, and cannot become another one. */
async function isStill(value: unknown, version: VersionRecord): Promise<boolean> {
  try {
    return hasSameContent(await fingerprint(value), version);
  } catch (error) {
    if (isError(error, StreamSpent)) return true;
    throw error;
  }
}

function namedInputs(step: string, given: unknown): object {
  if (given === undefined) return {};
  if (isObject(given) && !Array.isArray(given) && isPlain(given)) return given;
  const what = Array.isArray(given) ? 'an array' : isObject(given) ? 'an object that is no plain object' : `a ${typeof given}`;
  throw new StepArguments({ step, reason: `was called with ${what}` });
}

function plainValue(value: unknown): { json: Json } | undefined {
  if (ArrayBuffer.isView(value)) return undefined;
  try {
    const json = toTagged(value);
    return JSON.stringify(json).length <= MAX_PLAIN ? { json } : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
