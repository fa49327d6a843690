import { isError, RunFailed, RunKilled, RunTakenOver } from '../errors.ts';
import { readPipelineRun } from '../client/read-pipeline-run.ts';
import type { PipelineRun } from '../client/pipeline-run.ts';
import type { PipelineHooks } from '../pipeline/hooks.ts';
import { processLog } from '../stack/logger.ts';
import type { RunError } from '../store/run-data.ts';
import { callEndHooks, callStartHook } from './call-hooks.ts';
import { monotonicMs, msSince } from './monotonic-ms.ts';
import type { OpenRun } from './open-run.ts';
import { describeError, reasonOf } from './outcome.ts';
import { watchUserCode } from './user-code.ts';

/** A finished run: what the Client would give for it, and what the pipeline returned (undefined unless it completed). */
export type FinishedRun<R> = PipelineRun & { result: R | undefined };

export interface RunEnd<R> {
  /** `step` is absent when the error did not come from a step. */
  failed: { step: string | undefined; error: unknown } | undefined;
  result(): Promise<R>;
}

/**
 * Executes an open run and ends it, whatever happens: a failed run is a result, a defect of ours or of the store is thrown after the run was ended.
 * @throws RunTakenOver
 */
export async function endRun<R>(
  run: OpenRun,
  hooks: PipelineHooks | undefined,
  execute: () => Promise<RunEnd<R>>,
): Promise<FinishedRun<R>> {
  try {
    return await runToItsEnd(run, hooks, execute);
  } finally {
    await run.release();
  }
}

async function runToItsEnd<R>(run: OpenRun, hooks: PipelineHooks | undefined, execute: () => Promise<RunEnd<R>>): Promise<FinishedRun<R>> {
  watchUserCode();
  const begunAt = monotonicMs();
  const about = { pipeline: run.plan.pipeline, runId: run.id, runName: run.name, params: run.plan.params };
  const { stack, warn, hurry } = run;
  const owner = { name: `pipeline "${run.plan.pipeline}"`, stack, runId: run.id, url: run.url, warn, hurry };
  await callStartHook(owner, hooks, { ...about, status: 'running', durationMs: 0 });

  let end: RunEnd<R> | undefined;
  let thrown: unknown;
  let result: R | undefined;
  try {
    end = await execute();
    if (end.failed === undefined && !run.signal.aborted) result = await end.result();
  } catch (error) {
    thrown = error;
  }
  if (isError(thrown, RunTakenOver)) {
    await run.leave();
    throw thrown;
  }
  const { status, error } = judge(run, end?.failed, thrown);
  await run.finish(status, error);
  const cause = end?.failed?.error ?? thrown;
  const late: string[] = [];
  let recorded = false;
  const lateOwner = { ...owner, warn: (what: string) => (recorded ? warn(what) : void late.push(what)) };
  await callEndHooks(lateOwner, hooks, {
    ...about,
    status,
    durationMs: msSince(begunAt),
    ...(cause !== undefined && { error: cause }),
  });
  recorded = true;
  // They are not worth the run, which has ended and is recorded.
  if (late.length > 0) await run.store.addWarnings(run.id, late).catch(() => late.forEach((what) => processLog().warn(what)));
  if (thrown !== undefined && !isError(thrown, RunKilled)) throw thrown as Error;
  const finished = Object.assign(await readPipelineRun(run.store, run.id, run.stack.artifactStore), { result });
  if (run.options.throwOnFailure && status !== 'completed')
    throw new RunFailed({ run: run.name, status, reason: error?.message ?? status }, { cause: end?.failed?.error });
  return finished;
}

type EndStatus = 'completed' | 'failed' | 'killed';

function judge(run: OpenRun, failed: RunEnd<unknown>['failed'], thrown: unknown): { status: EndStatus; error?: RunError } {
  if (thrown !== undefined && !isError(thrown, RunKilled)) return { status: 'failed', error: describeError(thrown) };
  if (failed !== undefined && !run.isKilled()) {
    const error = describeError(failed.error);
    return {
      status: 'failed',
      error: { ...error, message: failed.step === undefined ? error.message : `step "${failed.step}" failed: ${error.message}` },
    };
  }
  if (run.signal.aborted) return { status: 'killed', error: { name: 'Killed', message: reasonOf(run.signal.reason) } };
  return { status: 'completed' };
}
