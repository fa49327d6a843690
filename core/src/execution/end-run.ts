import { isError, RunFailed, RunKilled } from '../errors.ts';
import { readPipelineRun } from '../client/read-pipeline-run.ts';
import type { PipelineRun } from '../client/pipeline-run.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { RunError } from '../store/metadata-store.ts';
import type { OpenRun } from './open-run.ts';
import { describeError, reasonOf } from './outcome.ts';

/** A finished run: what the Client would give for it, and what the pipeline returned (undefined unless it completed). */
export type FinishedRun<R> = PipelineRun & { result: R | undefined };

export interface RunEnd<R> {
  /** `step` is absent when the error did not come from a step. */
  failed: { step: string | undefined; error: unknown } | undefined;
  result(): Promise<R>;
}

/** Executes an open run and ends it, whatever happens: a failed run is a result, a defect of ours or of the store is thrown after the run was ended. */
export async function endRun<R>(run: OpenRun, execute: () => Promise<RunEnd<R>>): Promise<FinishedRun<R>> {
  let end: RunEnd<R> | undefined;
  let thrown: unknown;
  let result: R | undefined;
  try {
    end = await execute();
    if (end.failed === undefined && !run.signal.aborted) result = await end.result();
  } catch (error) {
    thrown = error;
  }
  const { status, error } = judge(run, end?.failed, thrown);
  await run.finish(status, error);
  if (thrown !== undefined && !isError(thrown, RunKilled)) throw thrown as Error;
  const finished = Object.assign(await readPipelineRun(run.store, run.id, run.stack.artifactStore), { result });
  if (run.options.throwOnFailure && status !== 'completed')
    throw new RunFailed({ run: run.name, status, reason: error?.message ?? status }, { cause: end?.failed?.error });
  return finished;
}

function judge(run: OpenRun, failed: RunEnd<unknown>['failed'], thrown: unknown): { status: RunStatus; error?: RunError } {
  if (thrown !== undefined && !isError(thrown, RunKilled)) return { status: 'failed', error: describeError(thrown) };
  if (failed !== undefined) {
    const error = describeError(failed.error);
    return {
      status: 'failed',
      error: { ...error, message: failed.step === undefined ? error.message : `step "${failed.step}" failed: ${error.message}` },
    };
  }
  if (run.signal.aborted) return { status: 'killed', error: { name: 'Killed', message: reasonOf(run.signal.reason) } };
  return { status: 'completed' };
}
