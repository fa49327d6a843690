import { isError, RunKilled, RunTakenOver } from '../errors.ts';
import { stepContext } from '../tracking/context.ts';
import { reasonOf } from './outcome.ts';
import { onStopSignal } from './signals.ts';

/** How a run is stopped, and what hears of it. */
export interface RunStop {
  /** Aborted, with a `RunKilled` as its reason, when the steps that run are to stop. */
  readonly signal: AbortSignal;
  /** Aborted when nobody waits for the end of the run any more: it was killed, or is another process's. Not when only its steps were stopped. */
  readonly hurry: AbortSignal;
  /** Kills the run. */
  abort(reason: string): void;
  /** Stops the steps that run because one of them failed (fail-fast): the run has failed, it was not killed. */
  stopSteps(reason: string): void;
  /** Stops an attempt too when the run is stopped, until the returned function is called. */
  stopsToo(attempt: AbortController): () => void;
  /** Whether it was killed. */
  isKilled(): boolean;
  /** Stops everything if the error is that the run is no longer this process's. */
  lose(error: unknown): void;
}

/** What stops a run: a signal to the process, its caller's signal, the end of the step that began it, or the run itself. All are listened to until `release`. */
export function stopOfRun(given: AbortSignal | undefined): RunStop & { release(): void } {
  const stop = new AbortController();
  const hurry = new AbortController();
  let killed = false;
  const attempts = new Set<AbortController>();
  stop.signal.addEventListener('abort', () => {
    for (const attempt of attempts) attempt.abort(stop.signal.reason);
  });
  const stopSteps = (reason: string): void => stop.abort(new RunKilled({ reason }));
  const abort = (reason: string): void => {
    killed = true;
    stopSteps(reason);
    hurry.abort();
  };
  const giveUp = (): void => abort('aborted by its caller');
  // Of the step that begins this run, if one does: what waits for it is gone when that is stopped.
  const around = stepContext().getStore()?.signal;
  const endToo = (): void => {
    const reason: unknown = around?.reason;
    abort(isError(reason, RunKilled) ? reason.facts.reason : reasonOf(reason));
  };
  const signals = onStopSignal(abort);
  if (given?.aborted) giveUp();
  given?.addEventListener('abort', giveUp, { once: true });
  if (around?.aborted) endToo();
  around?.addEventListener('abort', endToo, { once: true });
  return {
    signal: stop.signal,
    hurry: hurry.signal,
    abort,
    stopSteps,
    stopsToo(attempt) {
      if (stop.signal.aborted) attempt.abort(stop.signal.reason);
      attempts.add(attempt);
      return () => void attempts.delete(attempt);
    },
    isKilled: () => killed,
    lose(error) {
      if (!isError(error, RunTakenOver)) return;
      stop.abort(error);
      hurry.abort();
    },
    release() {
      given?.removeEventListener('abort', giveUp);
      around?.removeEventListener('abort', endToo);
      signals.release();
    },
  };
}
