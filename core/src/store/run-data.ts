import type { Json, JsonObject } from '../json.ts';
import type { PipelineSpec, RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { StackSnapshot } from './stack-data.ts';
import type { TrackerRunRecord } from './tracking-data.ts';

/** Times are ms since the epoch, UTC. Ids are UUIDv7 as 32 hex digits, made by the caller, so that a repeated call is recognised. */

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
  /** What was run: the file of `mortise run FILE`, else the script; from the project's folder if it lies there, with `/`. */
  file?: string;
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

/** A run that is over and was no run of Mortise: one step that logged something, all of it in one segment. */
export interface PastRun extends Omit<NewRun, 'name'> {
  /** The first that is free becomes its name. */
  names: readonly string[];
  outcome: Exclude<Outcome, { status: 'cached' }>;
  endedAt: number;
  warnings: string[];
  step: { id: string; stepId: string };
  segment: { id: string; path: string };
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

/** What became of a run that was deleted. */
export interface DeletedRun {
  /** Tracker runs that were not brought to their end, and will not be. */
  undelivered: number;
}
