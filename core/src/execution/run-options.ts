import type { Isolation, TrackerErrorPolicy } from '../pipeline/pipeline-spec.ts';
import type { ExecutionMode } from '../stack/orchestrator.ts';
import type { TrackerWait } from '../tracking/run-tracking.ts';

/** How to run a pipeline. */
export interface RunOptions {
  /** Name of the stack. Default: the project's active one. */
  stack?: string;
  /** Name of the run. Default `<pipeline>-<yyyymmdd>-<hhmmss>-<4 hex>`. */
  name?: string;
  /** `false`: run every step anew (what ran is still remembered). Default true. */
  cache?: boolean;
  /** Most step runs at once. Default: the orchestrator's. */
  concurrency?: number;
  /** Default `stop-on-failure`. */
  executionMode?: ExecutionMode;
  /** Where steps run that do not say it themselves: `process` is a child process. Default: the orchestrator's, else `inline`. */
  isolation?: Isolation;
  /** Experiment the run belongs to. Default: the pipeline's name. */
  experiment?: string;
  tags?: Record<string, string>;
  /** What a step does whose experiment tracker cannot be opened. Default: what the pipeline says, else `warn`. */
  onTrackerError?: TrackerErrorPolicy;
  /** How long the end of the run waits for experiment trackers that get no further, and a step that asks for one until it is open, ms. Default 5,000. */
  trackerTimeoutMs?: number;
  /** Ends the run as `killed` when aborted. */
  signal?: AbortSignal;
  /** Reject with `RunFailed` when the run does not complete. Default false: a failed run is a result. */
  throwOnFailure?: boolean;
  /** Told of each step as it starts and ends. */
  onStep?: (event: StepEvent) => void;
  /** Told, for each experiment tracker, when the end of the run has waited for it for 2 s. */
  onTrackerWait?: (wait: TrackerWait) => void;
}

/** Names of all run options, for the check of unknown ones. */
export const RUN_OPTIONS: readonly (keyof RunOptions)[] = [
  'stack',
  'name',
  'cache',
  'concurrency',
  'executionMode',
  'isolation',
  'experiment',
  'tags',
  'onTrackerError',
  'trackerTimeoutMs',
  'signal',
  'throwOnFailure',
  'onStep',
  'onTrackerWait',
];

export interface StepEvent {
  runName: string;
  /** `train`, or `each[2]` for an item. */
  step: string;
  status: 'running' | 'completed' | 'cached' | 'skipped' | 'failed' | 'killed' | 'retrying';
  attempt: number;
  /** Since the attempt's start, ms. */
  durationMs: number;
  message?: string;
}
