import type { Json } from '../json.ts';
import type { PipelineSpec, RunStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor, FlavorProblem, StoredFlavor } from '../stack/flavor.ts';
import type { Outcome, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import type { DeliveryStore, DrainedSegment } from './delivery-store.ts';
import type { ComponentQuery, Page, RunQuery, SecretQuery, StackQuery, VersionQuery } from './queries.ts';
import type {
  DeletedRun,
  MetadataValue,
  NewRun,
  PastRun,
  RunError,
  RunRecord,
  RunSummary,
  RunSweep,
  RunUnderWay,
  WorkerRecord,
} from './run-data.ts';
import type {
  ComponentChange,
  ComponentRecord,
  NewComponentRecord,
  NewStack,
  SecretRecord,
  StackChange,
  StackRecord,
  StackWithParts,
} from './stack-data.ts';
import type { AttemptCommit, AttemptState, CachedStep, NewAttempt, SettledStep, StartedAttempt, StepRunRecord } from './step-data.ts';
import type { LoggedRecord, MetricPoint, TrackerRunUpdate } from './tracking-data.ts';
import type { Accounted, CommittedVersion, Garbage, LooseIntent, VersionRecord } from './version-data.ts';

/**
 * Where runs, artifacts, stacks and what was logged are kept. Calls are coarse and repeatable, so that the contract makes sense over HTTP.
 * Failures are errors of this package (`StoreCorrupt`, `StoreBusy`, `NameTaken`, ...).
 */
export interface MetadataStore extends DeliveryStore {
  /** `sqlite:/path/store.db`. */
  readonly url: string;
  readonly id: string;
  close(): void;

  /** Those that there are are written anew, and what was wrong with them is forgotten. */
  saveFlavors(descriptors: readonly FlavorDescriptor[]): Promise<void>;
  /** Throws `FlavorNameTaken` if there is one of this type and name. */
  addFlavor(descriptor: FlavorDescriptor): Promise<void>;
  /** Writes one anew if it is still there, from the same source. Gives whether it is. */
  updateFlavor(descriptor: FlavorDescriptor): Promise<boolean>;
  /** With what was wrong when one was last loaded. */
  flavors(type?: ComponentType): Promise<StoredFlavor[]>;
  /** Throws `UnknownFlavor`, `FlavorInUse` for one that components are of. */
  deleteFlavor(type: ComponentType, name: string): Promise<void>;
  /** What went wrong when it was loaded; undefined: it could be loaded. Nothing happens if there is no such flavor. */
  noteFlavorProblem(type: ComponentType, name: string, problem: FlavorProblem | undefined): Promise<void>;
  /** Throws `NameTaken`, `UnknownFlavor`. */
  createComponent(component: NewComponentRecord): Promise<void>;
  component(type: ComponentType, name: string): Promise<ComponentRecord | undefined>;
  components(query: ComponentQuery): Promise<Page<ComponentRecord>>;
  /** Throws `UnknownComponent`, `NameTaken`, `ChangedMeanwhile`, `TrackerRunsWait` for another name while tracker runs wait for it. */
  updateComponent(type: ComponentType, name: string, change: ComponentChange): Promise<void>;
  /** Throws `UnknownComponent`, `ComponentInUse`, `TrackerRunsWait`. */
  deleteComponent(type: ComponentType, name: string): Promise<void>;
  /** Components are named by type and name. Throws `NameTaken`, `UnknownComponent`. */
  createStack(stack: NewStack): Promise<void>;
  /** A stack, and what of its parts is not there yet: all or nothing. Throws `NameTaken`, `UnknownComponent`. */
  importStack(stack: StackWithParts): Promise<void>;
  /** Throws `UnknownStack`, `NameTaken`, `UnknownComponent`, `ChangedMeanwhile`. */
  updateStack(name: string, change: StackChange): Promise<void>;
  stack(name: string): Promise<StackRecord | undefined>;
  stacks(query: StackQuery): Promise<Page<StackRecord>>;
  /** Throws `UnknownStack`. */
  deleteStack(name: string): Promise<void>;

  /** Throws `NameTaken`. */
  createSecret(secret: SecretRecord): Promise<void>;
  /** `seen`: what was sealed of it when it was read for this change. Throws `UnknownSecret`, `ChangedMeanwhile`. */
  updateSecret(secret: SecretRecord, seen: string): Promise<void>;
  secret(name: string): Promise<SecretRecord | undefined>;
  /** By name. */
  secrets(query: SecretQuery): Promise<Page<SecretRecord>>;
  /** Throws `UnknownSecret`. */
  deleteSecret(name: string): Promise<void>;

  /** Throws `RunNameTaken`. */
  createRun(run: NewRun): Promise<void>;
  /** Records a run that is over, in one transaction. False, and nothing changes, if it is there, also as a deleted one. Throws `RunNameTaken`. */
  addPastRun(run: PastRun): Promise<boolean>;
  /** Whether there is a run of this id; `deleted`: nothing finds it, but what it left has not been collected. */
  runPresence(id: string): Promise<'there' | 'deleted' | undefined>;
  /** All of them, whoever runs them. */
  runsUnderWay(): Promise<RunUnderWay[]>;
  /** Ends a run whose owner is dead. False, and nothing changes, if the owner was heard of meanwhile or somebody else was first. Throws `StoreBusy` soon. */
  sweepRun(sweep: RunSweep): Promise<boolean>;
  /** Asks the owner of a run to stop it. False when the run is not under way. */
  requestCancel(runId: string): Promise<boolean>;
  /**
   * Gives a run that ended before it was completed to a new owner: a new session. Steps that were skipped are as if they had never been looked at.
   * `spec`: the plan as it is now. False, and nothing changes, if it ended at another time than `endedAt`: it was resumed since that was read. Throws
   * `RunUnderWay`, `RunIsOver`.
   */
  resumeRun(resume: { runId: string; worker: WorkerRecord; at: number; endedAt?: number; spec?: PipelineSpec }): Promise<boolean>;
  /**
   * Ends a run, or records more of it (class style: the plan as it grew). `outcome` goes to the parent tracker runs.
   * Throws `RunTakenOver` when the run is no longer this worker's.
   */
  finishRun(run: {
    id: string;
    workerId: string;
    status: RunStatus;
    endedAt: number;
    error?: RunError;
    warnings: string[];
    spec?: PipelineSpec;
    outcome: Outcome;
    /** Its tracker runs at these components are still being delivered by this worker, for about so long (ms). */
    claim?: { workerId: string; ms: number; components: readonly string[] };
  }): Promise<void>;
  /** Warnings found after the end (undelivered events). */
  addWarnings(runId: string, warnings: readonly string[]): Promise<void>;
  /** Throws `RunTakenOver`. */
  startAttempt(attempt: NewAttempt): Promise<StartedAttempt>;
  /** One transaction under the fence. Throws `RunTakenOver`, `FenceLost` when the attempt is no longer this owner's. Gives the versions with their numbers. */
  commitAttempt(commit: AttemptCommit): Promise<VersionRecord[]>;
  intendVersions(intents: readonly LooseIntent[]): Promise<void>;
  /** Makes visible an intended version that no step made (class style: changed or made outside a step). */
  commitLooseVersion(runId: string, version: CommittedVersion): Promise<VersionRecord>;
  /** In one transaction. Gives the tracker runs of each step. */
  settleSteps(steps: readonly SettledStep[]): Promise<{ trackerRuns: { id: string; key: string; component: string }[] }[]>;
  findCached(cacheKey: string): Promise<CachedStep | undefined>;
  /** What `findCached` gives for steps that began soon after this one, by their cache keys: the ones that a run which repeats them asks for next. */
  cachedAfter(stepRunId: string): Promise<Map<string, CachedStep>>;
  putMetadata(runId: string, values: Record<string, MetadataValue>): Promise<void>;

  openSegment(segment: { id: string; runId: string; workerId: string; path: string; openedAt: number }): Promise<void>;
  /**
   * Applies events to the local tracking store and moves the segment's cursor, in one transaction. Records before the cursor are ignored.
   * `lines`: how many lines lie before `to`. Default: as many records more than before.
   */
  applyEvents(segmentId: string, records: readonly LoggedRecord[], from: number, to: number, lines?: number): Promise<void>;
  /** Nothing is left to apply. `byOthers`: its writer seemed dead, and has not said so itself. */
  sealSegment(segmentId: string, byOthers?: boolean): Promise<void>;
  createTrackerRuns(
    runId: string,
    trackers: readonly { component: string; flavor: string }[],
  ): Promise<{ id: string; key: string; component: string; ref?: TrackerRunRef }[]>;
  updateTrackerRun(update: TrackerRunUpdate): Promise<void>;
  /** Tracker runs whose end has not been confirmed by their tracker, though it is due. */
  undelivered(): Promise<{ component: string; trackerRuns: number }[]>;

  /** By name, id, or `latest`. */
  run(nameOrId: string): Promise<RunRecord | undefined>;
  runs(query: RunQuery): Promise<Page<RunSummary>>;
  /** All attempts of all steps of a run, by start. */
  stepRuns(runId: string): Promise<StepRunRecord[]>;
  /** Of these, those that are under way, and those that began or ended since (ms UTC): for whoever looks again and again. */
  attemptsSince(runId: string, since: number): Promise<AttemptState[]>;
  /** Id of the last attempt of a step, or of an item of it, if there is one; undefined: there is no such run. Costs the same however long the run is. */
  lastAttempt(nameOrId: string, step: { stepId: string; mapIndex?: number }): Promise<{ id?: string } | undefined>;
  /** By step, then time. Of a cache hit, what its source logged. */
  metricHistory(stepRunId: string, metric: string): Promise<MetricPoint[]>;
  /** What was logged under a name as JSON (figures, tables). */
  document(stepRunId: string, name: string): Promise<{ mime: string; value: Json } | undefined>;
  version(by: { id: string } | { artifact: string; version: number | 'latest' }): Promise<VersionRecord | undefined>;
  versions(query: VersionQuery): Promise<Page<VersionRecord>>;
  /** The newest first: for "did you mean". */
  runNames(limit: number): Promise<string[]>;

  /** Nothing finds the run any more, and what it logged goes, but for steps that other runs show as cached. Throws `UnknownRun`, `RunUnderWay`. */
  deleteRun(runId: string): Promise<DeletedRun>;
  /** `mark`: nobody can load these versions from now on. Else nothing is written. */
  findGarbage(mark: boolean): Promise<Garbage>;
  /** Of ids of versions, also of those that an attempt may be writing, and of step runs. What the store does not know is not in the answer. */
  accountFor(ids: readonly string[]): Promise<Record<string, Accounted>>;
  /** Removes the rows of garbage once its bytes are gone from these artifact stores. Gives how many runs have left no trace. */
  forgetGarbage(garbage: Garbage, storeIds: readonly string[]): Promise<number>;
  /** Segments of event logs that the store and all trackers of their runs have to the end, of runs that have ended. By id, after `after`. */
  drainedSegments(after: string): Promise<DrainedSegment[]>;
  /** To be called once their files are gone. */
  forgetSegments(ids: readonly string[]): Promise<void>;
}
