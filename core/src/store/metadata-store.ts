import type { Json, JsonObject } from '../json.ts';
import type { PipelineSpec, RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor, FlavorProblem, StoredFlavor } from '../stack/flavor.ts';
import type { Outcome, TrackerEvent, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import type { DeliveryStore } from './delivery-store.ts';

/** Times are ms since the epoch, UTC. Ids are UUIDv7 as 32 hex digits, made by the caller, so that a repeated call is recognised. */

/** Short texts that people give to stacks and components, to find them by. */
export type Labels = Record<string, string>;

export interface ComponentRecord {
  id: string;
  type: ComponentType;
  name: string;
  flavor: string;
  config: JsonObject;
  labels: Labels;
  createdAt: number;
  /** Of the last change of its config, name or labels. */
  updatedAt?: number;
}

export type NewComponentRecord = Omit<ComponentRecord, 'labels' | 'updatedAt'> & { labels?: Labels };

/** What is not given stays. */
export interface ComponentChange {
  name?: string;
  config?: JsonObject;
  labels?: Labels;
  updatedAt: number;
  /** What the change was made from: it is refused when that is not what is there. */
  seen?: ComponentRecord;
}

export interface StackRecord {
  id: string;
  name: string;
  /** In the order given; of a type with several, the first is the default. */
  components: ComponentRecord[];
  labels: Labels;
  createdAt: number;
  /** Of the last change of its components, name or labels. */
  updatedAt?: number;
}

/** What is not given stays. */
export interface StackChange {
  name?: string;
  /** All of them. */
  components?: readonly { type: ComponentType; name: string }[];
  labels?: Labels;
  updatedAt: number;
  /** What the change was made from: it is refused when that is not what is there. */
  seen?: StackRecord;
}

export interface NewStack {
  id: string;
  name: string;
  createdAt: number;
  components: readonly { type: ComponentType; name: string }[];
  labels?: Labels;
}

/** A stack, and what of its parts is not in the store yet. */
export interface StackWithParts {
  flavors: readonly FlavorDescriptor[];
  components: readonly NewComponentRecord[];
  stack: NewStack;
}

/** What stands of a secret in the store: its values are sealed, the names of its keys are not. */
export interface SecretRecord {
  name: string;
  /** In alphabetical order. */
  keys: string[];
  /** Encrypted; `secrets/seal.ts` knows how. */
  sealed: string;
  /** Which key it was sealed with, not the key. */
  keyId: string;
  createdAt: number;
  updatedAt?: number;
}

/** The stack as it was when a run began. Holds secret references, never values. */
export interface StackSnapshot {
  name: string;
  components: {
    type: ComponentType;
    name: string;
    flavor: string;
    config: JsonObject;
    source: string;
    version: string;
    /** Keys of its config that hold secret values as they are. Absent when there are none, as where it is shown: there they are masked. */
    inClear?: string[];
  }[];
}

/** Facts about where a run happened, recorded without being asked. */
export interface RunEnvironment {
  git?: { commit: string; branch?: string; dirty: boolean };
  user?: string;
  host: string;
  node: string;
  /** Versions of the packages that matter, by name. */
  packages: Record<string, string>;
  /** The command line, as an array. */
  command: string[];
}

/** One process. `startedAt` is the process's own start time in clock ticks (Linux) or ms, as text. */
export interface WorkerRecord {
  id: string;
  host: string;
  bootId: string;
  pidNamespace: string;
  pid: number;
  processStartedAt: string;
}

/** A run that has not ended, and the process that runs it. */
export interface RunUnderWay {
  id: string;
  name: string;
  /** From 1; a run that was resumed has had several. */
  session: number;
  owner: WorkerRecord;
  /** When the session began. */
  since: number;
  /** Last heartbeat of its owner. Absent while there was none: in its first second, or if its main thread has been at work since. */
  beatAt?: number;
  /** The store's clock, by which heartbeats are timed. */
  now: number;
  cancelRequested: boolean;
}

/** A run as it was when its owner was found to be dead, and how it ends. */
export interface RunSweep {
  seen: RunUnderWay;
  outcome: Extract<Outcome, { status: 'failed' | 'killed' }>;
}

export interface RunError {
  name: string;
  message: string;
  stack?: string;
}

export interface NewRun {
  id: string;
  name: string;
  pipeline: string;
  experiment: string;
  startedAt: number;
  params: JsonObject;
  tags: Record<string, string>;
  spec: PipelineSpec;
  stack: StackSnapshot;
  environment: RunEnvironment;
  worker: WorkerRecord;
}

export interface RunRecord {
  id: string;
  name: string;
  pipeline: string;
  experiment: string;
  status: RunStatus;
  startedAt: number;
  endedAt?: number;
  error?: RunError;
  warnings: string[];
  params: JsonObject;
  tags: Record<string, string>;
  stack: StackSnapshot;
  spec: PipelineSpec;
  environment: RunEnvironment;
  metadata: Record<string, MetadataValue>;
  trackerRuns: TrackerRunRecord[];
}

/** A row of a list of runs: without the spec, the stack's components and the environment. */
export interface RunSummary {
  id: string;
  name: string;
  pipeline: string;
  experiment: string;
  status: RunStatus;
  stack: string;
  startedAt: number;
  endedAt?: number;
  user?: string;
  error?: RunError;
}

export interface MetadataValue {
  type: 'uri' | 'string' | 'number' | 'boolean' | 'json';
  value: Json;
}

/** What an input of a step run was: a plain value (tagged JSON), a stored version (an item of it: `item`), or a list of those. */
export type InputRecord =
  { value: Json } | { versionId: string; artifact: string; version: number; item?: number } | { list: InputRecord[] };

export interface StepIdentity {
  runId: string;
  stepId: string;
  /** Index of the item of a mapped step. */
  mapIndex?: number;
}

export interface NewAttempt extends StepIdentity {
  /** Id of this attempt: the step run id. */
  id: string;
  stepName: string;
  startedAt: number;
  workerId: string;
  inputs: { [name: string]: InputRecord };
  cacheKey?: string;
  /** Why this step is not cached, in words. */
  notCached?: string;
  /** Tracker runs to be opened for this attempt. */
  trackers: { component: string; flavor: string; settings?: JsonObject }[];
  /** The versions that its outputs will become. */
  intents: VersionIntent[];
}

export interface StartedAttempt {
  /** From 1; numbered by the store per step and item. */
  attempt: number;
  /** Must be shown again to commit. */
  fence: number;
  /** Somebody has asked the run to stop. */
  cancelRequested: boolean;
  trackerRuns: { id: string; key: string; component: string }[];
}

/** Announces bytes that are about to be written, so that they are found and collected if the commit never comes. */
export interface VersionIntent {
  id: string;
  artifact: string;
  storeId: string;
  /** Every key of this version is `keyPrefix` followed by `/` or `.`. */
  keyPrefix: string;
}

/** Of a version that no step makes, but a run itself. */
export interface LooseIntent extends VersionIntent {
  producerRunId: string;
  workerId: string;
}

export interface StoredFile {
  path: string;
  key: string;
  size: number;
  sha256: string;
}

export interface CommittedVersion {
  id: string;
  /** Name of the output that made it. */
  output: string;
  /** Key of the single file, or of the folder. */
  key: string;
  /** Files of a folder, in binary order of their paths. Absent for a single file. */
  manifest?: StoredFile[];
  size: number;
  /** Of the bytes of a single file, or of the manifest of a folder. */
  sha256: string;
  materializer: string;
  materializerVersion: number;
  /** What the materializer needs to load it again. */
  meta: Json;
  metadata: Record<string, MetadataValue>;
}

/** A version as an attempt made it. */
export interface ProducedVersion extends CommittedVersion {
  artifact: string;
  storeId: string;
}

export interface AttemptCommit {
  id: string;
  /** Pipeline run. */
  runId: string;
  fence: number;
  status: 'completed' | 'failed' | 'killed';
  endedAt: number;
  error?: RunError;
  versions: ProducedVersion[];
  metadata: Record<string, MetadataValue>;
  /** Remember this attempt under its cache key. */
  cache: boolean;
  /** What its tracker runs must reach. */
  outcome: Outcome;
  /** A failed attempt that will be tried again: its tracker runs point to those of attempt + 1. */
  willRetry: boolean;
}

/** A step that ended without an attempt: a cache hit, or skipped. */
export interface SettledStep extends StepIdentity {
  id: string;
  stepName: string;
  status: 'cached' | 'skipped';
  at: number;
  workerId: string;
  inputs: { [name: string]: InputRecord };
  cacheKey?: string;
  sourceStepRunId?: string;
  /** Why it was skipped, in words. */
  reason?: string;
  /** Tracker runs that mark the hit, for trackers that have not seen the source. */
  trackers: { component: string; flavor: string; settings?: JsonObject }[];
  /** What those must reach. */
  outcome?: Outcome;
}

export interface VersionRecord {
  id: string;
  artifact: string;
  /** From 1, per artifact. */
  version: number;
  output?: string;
  storeId: string;
  key: string;
  manifest?: StoredFile[];
  size: number;
  sha256: string;
  materializer: string;
  materializerVersion: number;
  meta: Json;
  metadata: Record<string, MetadataValue>;
  createdAt: number;
  /** Step run that made it, and its pipeline run. */
  producerStepRunId?: string;
  producerRunId?: string;
}

export interface CachedStep {
  /** The attempt that really ran (never itself a cache hit). */
  stepRunId: string;
  runId: string;
  outputs: VersionRecord[];
  /** Components whose tracker has seen the source. */
  seenBy: string[];
  url?: string;
}

export interface TrackerRunRecord {
  id: string;
  /** Pipeline run (the parent's) or step run. */
  runId: string;
  component: string;
  flavor: string;
  key: string;
  ref?: TrackerRunRef;
  /** Where the tracker itself says the run stands: `queued` until opened, `running` once opened, then what `close` confirmed. */
  status: RunStatus | 'cached';
  /** What it must reach; undefined while the attempt runs. */
  desired?: Outcome;
  /** Highest seq per writer that is safe at the tracker. */
  acked: Record<string, number>;
  lastError?: string;
  /** Key of the tracker run of the attempt that replaced it. */
  supersededBy?: string;
  rejected: number;
}

export interface TrackerRunUpdate {
  id: string;
  ref?: TrackerRunRef;
  status?: RunStatus | 'cached';
  acked?: Record<string, number>;
  /** null clears it. */
  lastError?: string | null;
  rejected?: { writer: string; seq: number; why: string }[];
  /** Run metadata to record with it (experiment_tracker_url, ids). */
  metadata?: Record<string, MetadataValue>;
}

export interface MetricSummary {
  last: number;
  lastStep: number;
  lastAt: number;
  min: number;
  max: number;
  /** Points, repeats excluded. */
  count: number;
}

export interface TrackedSummary {
  params: Record<string, Json>;
  /** By name; a metric with a context is `context/name`. */
  metrics: Record<string, MetricSummary>;
  tags: Record<string, string>;
  note?: string;
  artifacts: { path: string; uri: string; sha256: string; size: number }[];
  documents: { name: string; mime: string }[];
}

export interface StepRunRecord extends StepIdentity {
  id: string;
  stepName: string;
  attempt: number;
  status: StepStatus;
  startedAt: number;
  endedAt?: number;
  error?: RunError;
  inputs: { [name: string]: InputRecord };
  /** Outputs of the attempt, or those of the source of a cache hit. */
  outputs: VersionRecord[];
  /** Own metadata, and read through a cache hit that of its source. */
  metadata: Record<string, MetadataValue>;
  cacheKey?: string;
  notCached?: string;
  reason?: string;
  sourceStepRunId?: string;
  trackerRuns: TrackerRunRecord[];
  /** What was logged (of the source, for a cache hit). */
  tracked: TrackedSummary;
}

export interface MetricPoint {
  step: number;
  at: number;
  value: number;
}

/** One line of the event log as the local store applies it. */
export type LoggedRecord = { runId: string } & TrackerEvent;

/** What became of a run that was deleted. */
export interface DeletedRun {
  /** Tracker runs that were not brought to their end, and will not be. */
  undelivered: number;
}

/** What deleted runs left that no other run uses. */
export interface Garbage {
  /** Ids, as of the others. */
  runs: string[];
  versions: string[];
  /** Step runs, and the runs themselves: what they logged or did not come to commit may have left bytes. */
  makers: string[];
}

/** What bytes are, by the id in their key. */
export type Accounted = 'needed' | 'garbage';

/** Keyset paging: `next` of one page is `after` of the following one. */
export interface Page<T> {
  items: T[];
  next?: string;
}
export interface PageRequest {
  /** Default 50, at most 1000. */
  limit?: number;
  after?: string;
}
export interface RunQuery extends PageRequest {
  pipeline?: string;
  experiment?: string;
  status?: RunStatus;
  stack?: string;
  tag?: { name: string; value: string };
  /** Part of the name. */
  name?: string;
  /** Default `-startedAt`: newest first. */
  sort?: 'startedAt' | '-startedAt' | 'name' | '-name';
}
/** Beginning with `-`: the last first. */
export type Sort<Key extends string> = Key | `-${Key}`;
export interface StackQuery extends PageRequest {
  /** Part of the name. */
  name?: string;
  /** With all of these labels. */
  labels?: Labels;
  /** With a component of this name. */
  component?: string;
  /** Default `name`. */
  sort?: Sort<'name' | 'createdAt'>;
}
export interface ComponentQuery extends PageRequest {
  type?: ComponentType;
  /** Part of the name. */
  name?: string;
  flavor?: string;
  /** With all of these labels. */
  labels?: Labels;
  /** Default: by type, then name. */
  sort?: Sort<'name' | 'createdAt'>;
}
export interface SecretQuery extends PageRequest {
  /** Part of the name. */
  name?: string;
}
export interface VersionQuery extends PageRequest {
  artifact?: string;
  /** Id of the pipeline run whose outputs they are, also those that it took from the cache. */
  runId?: string;
  /** Id of the step that made them; beside `runId`, of the step of that run whose outputs they are. */
  step?: string;
  /** `name` is that of the artifact. Default `-createdAt`; of one artifact, the highest number first. */
  sort?: Sort<'name' | 'createdAt'>;
}

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
  /** With what was wrong when one was last loaded. */
  flavors(type?: ComponentType): Promise<StoredFlavor[]>;
  /** Throws `UnknownFlavor`, `FlavorInUse` for one that components are of. */
  deleteFlavor(type: ComponentType, name: string): Promise<void>;
  /** What went wrong when it was loaded; undefined: it could be loaded. Nothing happens if there is no such flavor. */
  noteFlavorProblem(type: ComponentType, name: string, problem: FlavorProblem | undefined): Promise<void>;
  /** Throws `NameTaken`. */
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
  /** All of them, whoever runs them. */
  runsUnderWay(): Promise<RunUnderWay[]>;
  /** Ends a run whose owner is dead. False, and nothing changes, if the owner was heard of meanwhile or somebody else was first. Throws `StoreBusy` soon. */
  sweepRun(sweep: RunSweep): Promise<boolean>;
  /** Asks the owner of a run to stop it. False when the run is not under way. */
  requestCancel(runId: string): Promise<boolean>;
  /**
   * Gives a run that ended before it was completed to a new owner: a new session. Steps that were skipped are as if they had never been looked at.
   * `spec`: the plan as it is now. Throws `RunUnderWay`, `RunIsOver`.
   */
  resumeRun(resume: { runId: string; worker: WorkerRecord; at: number; spec?: PipelineSpec }): Promise<void>;
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
    /** Its tracker runs are still being delivered by this worker, for about so long (ms). */
    claim?: { workerId: string; ms: number };
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
  putMetadata(runId: string, values: Record<string, MetadataValue>): Promise<void>;

  openSegment(segment: { id: string; runId: string; workerId: string; path: string; openedAt: number }): Promise<void>;
  /**
   * Applies events to the local tracking store and moves the segment's cursor, in one transaction. Records before the cursor are ignored.
   * `lines`: how many lines lie before `to`. Default: as many records more than before.
   */
  applyEvents(segmentId: string, records: readonly LoggedRecord[], from: number, to: number, lines?: number): Promise<void>;
  sealSegment(segmentId: string): Promise<void>;
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
  drainedSegments(after: string): Promise<{ id: string; runId: string; path: string }[]>;
  /** To be called once their files are gone. */
  forgetSegments(ids: readonly string[]): Promise<void>;
}
