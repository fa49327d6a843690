import type { Isolation, StepSpec } from '../pipeline/pipeline-spec.ts';
import type { OpenRun } from './open-run.ts';

/** Where a step runs: what it says itself goes before what the run says, and that before what its orchestrator is set to. */
export function isolationOf({ options, stack }: Pick<OpenRun, 'options' | 'stack'>, step: StepSpec): Isolation {
  return step.options.isolation ?? options.isolation ?? stack.orchestrator.execution?.isolation ?? 'inline';
}
