import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { contentOf } from '../artifacts/content-of.ts';
import type { Json } from '../json.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { InputRecord, StepRunRecord } from '../store/step-data.ts';
import { hasItsBytes } from './has-its-bytes.ts';
import type { StepEnd } from './step-call.ts';

/** A step run of an earlier session, and what its inputs contained. */
interface Recorded {
  stepRun: StepRunRecord;
  content: string;
}

/** Where a call of a class-style run stood in earlier sessions. One without `end` is to be run again. */
export interface EarlierStep {
  stepId: string;
  end: StepEnd | undefined;
}

/**
 * What earlier sessions of a run left. A step that ended well stays, and is not run again, if the plan still has it, its inputs contain what they did, and
 * its outputs are still there, in the stack's artifact store. Everything else counts for nothing.
 */
export class RecordedSteps {
  readonly #store: MetadataStore;
  readonly #artifactStore: ArtifactStore;
  /** Its last attempt, by step id and index. */
  readonly #byPlace = new Map<string, Recorded>();
  readonly #byName = new Map<string, Recorded[]>();
  readonly #contents = new Map<string, Promise<Json>>();
  readonly #taken = new Set<Recorded>();
  #ids: ReadonlySet<string> = new Set();
  #ended: ReadonlySet<string> = new Set();

  private constructor(store: MetadataStore, artifactStore: ArtifactStore) {
    this.#store = store;
    this.#artifactStore = artifactStore;
  }

  static async read(store: MetadataStore, runId: string, artifactStore: ArtifactStore): Promise<RecordedSteps> {
    const recorded = new RecordedSteps(store, artifactStore);
    const attempts = (await store.stepRuns(runId)).toSorted((a, b) => a.attempt - b.attempt);
    for (const stepRun of attempts)
      recorded.#byPlace.set(placeOf(stepRun.stepId, stepRun.mapIndex), { stepRun, content: await recorded.contentOf(stepRun.inputs) });
    for (const [name, steps] of Map.groupBy(recorded.#byPlace.values(), ({ stepRun }) => stepRun.stepName))
      recorded.#byName.set(name, steps);
    recorded.#ids = new Set(attempts.map(({ stepId }) => stepId));
    recorded.#ended = new Set(attempts.filter(endedWell).map(({ stepId }) => stepId));
    return recorded;
  }

  /** Function style: the end of a step, found by its id. */
  async at(step: StepSpec, mapIndex: number | undefined, inputs: Record<string, InputRecord>): Promise<StepEnd | undefined> {
    const recorded = this.#byPlace.get(placeOf(step.id, mapIndex));
    if (recorded === undefined || recorded.content !== (await this.contentOf(inputs))) return undefined;
    return this.#endOf(recorded, step);
  }

  /**
   * Class style: the place of a call, found by the step's name and what it was given (`content`: see `contentOf`); each is taken once. Undefined for a
   * call that there never was.
   */
  take(step: StepSpec, content: string): EarlierStep | undefined {
    const fitting = (this.#byName.get(step.name) ?? []).filter((each) => each.content === content && !this.#taken.has(each));
    const ended = fitting.find((each) => this.#endOf(each, step) !== undefined);
    const recorded = ended ?? fitting[0];
    if (recorded === undefined) return undefined;
    this.#taken.add(recorded);
    return { stepId: recorded.stepRun.stepId, end: this.#endOf(recorded, step) };
  }

  /** True for a step that, at least in part, ended well; or for that item of it. */
  hasEnded(stepId: string, mapIndex?: number): boolean {
    if (mapIndex === undefined) return this.#ended.has(stepId);
    const recorded = this.#byPlace.get(placeOf(stepId, mapIndex));
    return recorded !== undefined && endedWell(recorded.stepRun);
  }

  /** True for an id that was used in an earlier session. */
  hasId(stepId: string): boolean {
    return this.#ids.has(stepId);
  }

  /** Equal for inputs that contain the same, whatever versions it is stored as. */
  async contentOf(inputs: Record<string, InputRecord>): Promise<string> {
    const names = Object.keys(inputs).sort();
    return JSON.stringify(await Promise.all(names.map(async (name) => [name, await this.#content(inputs[name]!)])));
  }

  async #content(input: InputRecord): Promise<Json> {
    if ('value' in input) return { value: input.value };
    if ('list' in input) return { list: await Promise.all(input.list.map((each) => this.#content(each))) };
    let content = this.#contents.get(input.versionId);
    if (content === undefined) this.#contents.set(input.versionId, (content = this.#versionContent(input.versionId)));
    return { version: await content, item: input.item ?? null };
  }

  async #versionContent(id: string): Promise<Json> {
    const version = await this.#store.version({ id });
    return version === undefined ? id : contentOf(version);
  }

  #endOf({ stepRun }: Recorded, step: StepSpec): StepEnd | undefined {
    if (!endedWell(stepRun)) return undefined;
    const outputs = new Map(stepRun.outputs.map((version) => [version.output ?? 'output', version]));
    const complete = step.outputs.every(({ name }) => outputs.get(name)?.storeId === this.#artifactStore.id);
    return complete && hasItsBytes(stepRun, this.#artifactStore)
      ? { status: stepRun.status as StepEnd['status'], id: stepRun.id, outputs }
      : undefined;
  }
}

const placeOf = (stepId: string, mapIndex: number | undefined): string => JSON.stringify([stepId, mapIndex ?? null]);
const endedWell = ({ status }: StepRunRecord): boolean => status === 'completed' || status === 'cached';
