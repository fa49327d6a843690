import type { Isolation, PipelineSpec, StepStatus } from '../pipeline/pipeline-spec.ts';

export type ExecutionMode = 'fail-fast' | 'stop-on-failure' | 'continue-on-failure';

/** What an orchestrator may do with a run that core has opened. */
export interface OrchestratedRun {
  /** Runs one step (one item of a mapped one) through its whole life. Resolves with where it ended; never rejects for a step's own failure. */
  runStep(stepId: string, mapIndex?: number): Promise<StepStatus>;
  /** Number of items of a mapped step, or undefined for a step that is not mapped or will be skipped. To be asked once its inputs are there. */
  mapLength(stepId: string): Promise<number | undefined>;
  readonly executionMode: ExecutionMode;
  /** Most step runs at once, as asked for by the user; undefined: the orchestrator decides. */
  readonly concurrency: number | undefined;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
  /** What is set for the orchestrator by a step: what the flavor's settings schema made of it, defaults filled in; `{}` for a flavor without one. */
  settings(stepId: string): Promise<unknown>;
  /** Aborts the steps that are running (fail-fast). */
  abortRunning(reason: string): void;
}

/** How the steps run that an orchestrator starts on this machine. */
export interface LocalExecution {
  /** Most step runs at once, for runs that do not say it. */
  concurrency?: number;
  /** For steps that do not say it themselves, in a run that does not either. Default `inline`. */
  isolation?: Isolation;
  /** Most child processes at once. Default: the number of CPUs. */
  pool?: number;
  /** Most memory of a child process's JavaScript heap, MB. Default: Node's own limit. */
  memoryMb?: number;
}

/** Decides where and when the steps of a plan run. The local one is core's scheduler. */
export interface Orchestrator {
  readonly execution?: LocalExecution;
  execute(plan: PipelineSpec, run: OrchestratedRun): Promise<void>;
  /** Reachable and authorised? Throws if not. */
  check?(signal: AbortSignal): Promise<void>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
