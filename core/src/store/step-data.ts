import type { Json, JsonObject } from '../json.ts';
import type { StepStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { MetadataValue, RunError } from './run-data.ts';
import type { TrackedSummary, TrackerRunRecord } from './tracking-data.ts';
import type { ProducedVersion, VersionIntent, VersionRecord } from './version-data.ts';

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
  /** What its tracker runs must reach; absent when it has none. */
  outcome?: Outcome;
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

export interface CachedStep {
  /** The attempt that really ran (never itself a cache hit). */
  stepRunId: string;
  runId: string;
  outputs: VersionRecord[];
  /** Components whose tracker has seen the source, with what was set for them then. */
  seenBy: { component: string; settings?: JsonObject }[];
  url?: string;
}

/** How far an attempt is. */
export interface AttemptState extends Omit<StepIdentity, 'runId'> {
  id: string;
  attempt: number;
  ended: boolean;
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
