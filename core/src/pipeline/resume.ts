import type { FinishedRun } from '../execution/end-run.ts';
import type { ResumeOptions } from '../execution/resume-run.ts';
import { keepCompiledCode } from '../project/keep-compiled-code.ts';
import { halted } from './run-guard.ts';

/**
 * Goes on with a run that failed, was killed, or whose process died: the same run, with a new session. Steps that ended well stay and are not run again, if
 * the pipeline still has them and their inputs contain what they did; all others get new attempts. What changed in a step's own code does not count.
 * @param nameOrId name or id of the run, or `latest`
 * @throws UnknownRun, RunUnderWay, RunIsOver (it has completed), PipelineGone, and what any run throws
 * @example await resumeRun('wine-20260101-120000-0f3a');
 */
export async function resumeRun(nameOrId: string, options: ResumeOptions = {}): Promise<FinishedRun<unknown>> {
  const pending = halted();
  if (pending !== undefined) return pending;
  keepCompiledCode();
  const resumption = await import('../execution/resume-run.ts');
  return resumption.resumeRun(nameOrId, options);
}
