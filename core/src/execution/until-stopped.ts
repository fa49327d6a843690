import { StepTimeout } from '../errors.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import type { AttemptStop } from './attempt-stop.ts';
import { LONGEST_TIMER_MS } from './longest-timer.ts';
import { monotonicMs } from './monotonic-ms.ts';

/**
 * Does the work, and stops it when the step's time is up. Code that never lets go of the process is not interrupted, but has taken too long all the same:
 * `inTime` throws then, as after any other stop.
 */
export async function withinLimit<T>(work: (inTime: () => void) => Promise<T>, step: StepSpec, stop: AttemptStop): Promise<T> {
  const { timeoutMs } = step.options;
  if (timeoutMs === undefined) return work(() => stop.signal.throwIfAborted());
  const due = monotonicMs() + timeoutMs;
  const expire = (): void => stop.abort(new StepTimeout({ step: step.id, timeoutMs }));
  const inTime = (): void => {
    if (monotonicMs() > due) expire();
    stop.signal.throwIfAborted();
  };
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const left = due - monotonicMs();
    if (left <= 0) expire();
    else timer = setTimeout(wait, Math.min(left, LONGEST_TIMER_MS));
  };
  wait();
  try {
    const result = await work(inTime);
    inTime();
    return result;
  } finally {
    clearTimeout(timer!);
  }
}

/** Begins the work and gives its result, unless the step's time is up or somebody stops it first: then its late result is dropped. */
export function untilStopped<T>(begin: () => Promise<T>, step: StepSpec, stop: AttemptStop): Promise<T> {
  return withinLimit(() => unlessStopped(begin(), stop), step, stop);
}

/** What the work gives, unless the attempt is stopped before; then the work's late end is dropped. */
export function unlessStopped<T>(work: Promise<T>, stop: AttemptStop): Promise<T> {
  return unlessAborted(work, stop.signal, (abort) => stop.listen(abort));
}

/** What the work gives, or the signal's reason if it is aborted before; then the work's late end is dropped. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return unlessAborted(work, signal, (abort) => {
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  });
}

/** `listen` has its argument called when the signal is aborted, and gives what ends that. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, listen: (abort: () => void) => () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    const settle = listen(abort);
    work.then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        // Code that heeds the signal may throw first: what stopped it is the reason all the same.
        reject((signal.aborted ? signal.reason : error) as Error);
      },
    );
  });
}
