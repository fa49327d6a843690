import type { Json, JsonObject } from '../json.ts';
import type { RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { MetadataValue, RunError } from '../store/run-data.ts';
import type { StackSnapshot } from '../store/stack-data.ts';

/**
 * A run of a pipeline as the Client and `mortise runs show --output json` give it. Times are ISO 8601 UTC with ms; NaN and infinities in metrics are the
 * strings "NaN", "Infinity", "-Infinity".
 */
export interface PipelineRun {
  id: string;
  name: string;
  pipeline: string;
  experiment: string;
  status: RunStatus;
  error: RunError | null;
  /** What is missing although it ended. What its trackers have not taken is among them until they have. */
  warnings: string[];
  /** The stack as it was when the run began. */
  stack: StackSnapshot;
  params: JsonObject;
  tags: Record<string, string>;
  startedAt: string;
  endedAt: string | null;
  git: { commit: string; branch: string | null; dirty: boolean } | null;
  user: string | null;
  host: string;
  /** Version of Node, `24.9.0`. */
  node: string;
  /** Versions of the packages that the project's package.json names, as far as they were installed. */
  packages: Record<string, string>;
  /** The command line. */
  command: string[];
  runMetadata: Record<string, MetadataValue>;
  /** Parent tracker runs, if a step was tracked. */
  trackerRuns: TrackerRunView[];
  /** By step id; items of a mapped step are `each[0]`, `each[1]`, ... */
  steps: Record<string, StepView>;
}

export interface TrackerRunView {
  component: string;
  flavor: string;
  /** The tracker's own id of the run, once known. */
  id: string | null;
  url: string | null;
  /** Where the tracker itself says the run stands. */
  status: RunStatus | 'cached';
  /** The tracker has everything, its end included. */
  delivered: boolean;
  error: string | null;
  /** The tracker's id of the run that replaced this one. */
  supersededBy: string | null;
}

export interface AttemptView {
  attempt: number;
  status: StepStatus;
  startedAt: string;
  endedAt: string | null;
  error: RunError | null;
  trackerRuns: TrackerRunView[];
}

/**
 * A plain value, or a version of an artifact. In a value NaN, infinities and big integers are text, dates ISO 8601 text, undefined is null, a Map is a list
 * of [key, value], a Set and a typed array are lists, bytes are Base64 text.
 */
export type InputView = { value: Json } | { artifact: string; version: number; item?: number } | InputView[];

export interface OutputView {
  artifact: string;
  version: number;
  /** null: the artifact store that holds it cannot be opened here. */
  uri: string | null;
  sha256: string;
  /** Bytes. */
  size: number;
}

export type NumberView = number | 'NaN' | 'Infinity' | '-Infinity';

/** Of all points of a metric. */
export interface MetricView {
  last: NumberView;
  lastStep: number;
  min: NumberView;
  max: NumberView;
  /** Points, repeats excluded. */
  count: number;
}

export interface StepView {
  status: StepStatus;
  /** Number of the last attempt, from 1; 0 for a step that needed none. */
  attempt: number;
  cached: boolean;
  /** What was set for the components that it used, by `<component type>:<name>`: merged, references not resolved. */
  settings: Record<string, JsonObject>;
  /** Inputs that were plain values. What JSON has no word for is as in `InputView`. */
  params: Record<string, Json>;
  /** null: it has not begun (`queued`). */
  startedAt: string | null;
  endedAt: string | null;
  runMetadata: Record<string, MetadataValue>;
  inputs: Record<string, InputView>;
  outputs: Record<string, OutputView>;
  error: RunError | null;
  /** Why it was not cached, or why it was skipped. */
  reason: string | null;
  attempts: AttemptView[];
  tracker: TrackedView;
}

/** What a step logged. */
export interface TrackedView {
  params: Record<string, Json>;
  metrics: Record<string, MetricView>;
  tags: Record<string, string>;
  note: string | null;
  /** Files that were logged. */
  artifacts: { path: string; uri: string; sha256: string; size: number }[];
  /** JSON, tables and figures that were logged: `client.getDocument(run, step, name)` gives one. */
  documents: { name: string; mime: string }[];
}
