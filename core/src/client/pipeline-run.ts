import type { Json, JsonObject } from '../json.ts';
import type { RunStatus, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { MetadataValue, RunError, StackSnapshot } from '../store/metadata-store.ts';

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
  /** Inputs that were plain values. */
  params: Record<string, Json>;
  startedAt: string;
  endedAt: string | null;
  runMetadata: Record<string, MetadataValue>;
  inputs: Record<string, InputView>;
  outputs: Record<string, OutputView>;
  error: RunError | null;
  /** Why it was not cached, or why it was skipped. */
  reason: string | null;
  attempts: AttemptView[];
  /** What was logged. */
  tracker: {
    params: Record<string, Json>;
    metrics: Record<string, MetricView>;
    tags: Record<string, string>;
  };
}
