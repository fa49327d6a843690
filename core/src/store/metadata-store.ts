import type { Json, JsonObject } from '../json.ts';
import type { PipelineSpec, RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { ComponentType } from '../stack/component-types.ts';
import type { FlavorDescriptor } from '../stack/flavor.ts';
import type { Outcome, TrackerEvent, TrackerRunRef } from '../tracking/experiment-tracker.ts';

/** Times are ms since the epoch, UTC. Ids are UUIDv7 as 32 hex digits, made by the caller, so that a repeated call is recognised. */

export interface ComponentRecord {
  id: string;
  type: ComponentType;
  name: string;
  flavor: string;
  config: JsonObject;
  createdAt: number;
}

export interface StackRecord {
  id: string;
  name: string;
  /** In the order given; of a type with several, the first is the default. */
  components: ComponentRecord[];
  createdAt: number;
}

/** The stack as it was when a run began. Holds secret references, never values. */
export interface StackSnapshot {
  name: string;
  components: { type: ComponentType; name: string; flavor: string; config: JsonObject; source: string; version: string }[];
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
  trackers: { component: string; flavor: string }[];
  /** The versions that its outputs will become. */
  intents: VersionIntent[];
}

export interface StartedAttempt {
  /** From 1; numbered by the store per step and item. */
  attempt: number;
  /** Must be shown again to commit. */
  fence: number;
  trackerRuns: { id: string; key: string; component: string }[];
}

/** Announces bytes that are about to be written, so that they are found and collected if the commit never comes. */
export interface VersionIntent {
  id: string;
  artifact: string;
  storeId: string;
  /** Every key of this version is `keyPrefix` followed by `/` or `.`. */
  keyPrefix: string;
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

export interface AttemptCommit {
  id: string;
  fence: number;
  status: 'completed' | 'failed' | 'killed';
  endedAt: number;
  error?: RunError;
  versions: CommittedVersion[];
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
  trackers: { component: string; flavor: string }[];
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
export interface ComponentQuery extends PageRequest {
  type?: ComponentType;
  /** Part of the name. */
  name?: string;
  flavor?: string;
}
export interface VersionQuery extends PageRequest {
  artifact?: string;
  runId?: string;
}

/**
 * Where runs, artifacts, stacks and what was logged are kept. Calls are coarse and repeatable, so that the contract makes sense over HTTP.
 * Failures are errors of this package (`StoreCorrupt`, `StoreBusy`, `NameTaken`, ...).
 */
export interface MetadataStore {
  /** `sqlite:/path/store.db`. */
  readonly url: string;
  readonly id: string;
  close(): void;

  saveFlavors(descriptors: readonly FlavorDescriptor[]): Promise<void>;
  flavors(type?: ComponentType): Promise<FlavorDescriptor[]>;
  /** Throws `NameTaken`. */
  createComponent(component: ComponentRecord): Promise<void>;
  component(type: ComponentType, name: string): Promise<ComponentRecord | undefined>;
  components(query: ComponentQuery): Promise<Page<ComponentRecord>>;
  /** Throws `UnknownComponent`, `ComponentInUse`. */
  deleteComponent(type: ComponentType, name: string): Promise<void>;
  /** Components are named by type and name. Throws `NameTaken`, `UnknownComponent`. */
  createStack(stack: {
    id: string;
    name: string;
    createdAt: number;
    components: readonly { type: ComponentType; name: string }[];
  }): Promise<void>;
  stack(name: string): Promise<StackRecord | undefined>;
  stacks(query: PageRequest & { name?: string }): Promise<Page<StackRecord>>;
  /** Throws `UnknownStack`. */
  deleteStack(name: string): Promise<void>;

  /** Throws `RunNameTaken`. */
  createRun(run: NewRun): Promise<void>;
  /** Ends a run, or records more of it (class style: the plan as it grew). `outcome` goes to the parent tracker runs. */
  finishRun(run: {
    id: string;
    status: RunStatus;
    endedAt: number;
    error?: RunError;
    warnings: string[];
    spec?: PipelineSpec;
    outcome: Outcome;
  }): Promise<void>;
  /** Warnings found after the end (undelivered events). */
  addWarnings(runId: string, warnings: readonly string[]): Promise<void>;
  startAttempt(attempt: NewAttempt): Promise<StartedAttempt>;
  intendVersions(intents: readonly VersionIntent[]): Promise<void>;
  /** One transaction under the fence. Throws `FenceLost` when the attempt is no longer this owner's. Gives the versions with their numbers. */
  commitAttempt(commit: AttemptCommit): Promise<VersionRecord[]>;
  /** Makes visible an intended version that no step made (class style: changed or made outside a step). */
  commitLooseVersion(runId: string, version: CommittedVersion): Promise<VersionRecord>;
  settleStep(step: SettledStep): Promise<{ trackerRuns: { id: string; key: string; component: string }[] }>;
  findCached(cacheKey: string): Promise<CachedStep | undefined>;
  putMetadata(runId: string, values: Record<string, MetadataValue>): Promise<void>;

  openSegment(segment: { id: string; runId: string; workerId: string; path: string; openedAt: number }): Promise<void>;
  /** Applies events to the local tracking store and moves the segment's cursor, in one transaction. Records before the cursor are ignored. */
  applyEvents(segmentId: string, records: readonly LoggedRecord[], from: number, to: number): Promise<void>;
  sealSegment(segmentId: string): Promise<void>;
  createTrackerRuns(
    runId: string,
    trackers: readonly { component: string; flavor: string }[],
  ): Promise<{ id: string; key: string; component: string }[]>;
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
}
