import { setTimeout as delay } from 'node:timers/promises';

import { isError, Permanent, Transient } from '../errors.ts';
import { needsMending } from './needs-mending.ts';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 30_000;
/** What a server may ask for at most. Longer ones end with the run, and timers know no more than 24 days. */
const LONGEST_ASKED_MS = 3_600_000;

export interface RetryOptions {
  /** Ends all. */
  stop: AbortSignal;
  /** Told of each failure that may pass, before the pause. */
  failed(error: unknown): Promise<void>;
}

/** Calls until it succeeds. Throws what will not pass, and whatever comes once all is stopped. */
export async function retry<T>(call: () => Promise<T>, { stop, failed }: RetryOptions): Promise<T> {
  for (let tries = 0; ; tries++) {
    stop.throwIfAborted();
    try {
      const result = await call();
      stop.throwIfAborted();
      return result;
    } catch (error) {
      stop.throwIfAborted();
      if (isError(error, Permanent) || needsMending(error)) throw error;
      await failed(error);
      const asked = isError(error, Transient) ? error.retryAfter : undefined;
      await delay(pauseFor(asked, tries), undefined, { ref: false, signal: stop });
    }
  }
}

/** As long as was asked for, but never shorter than it would be unasked: a server may ask for 0, or a flavor for NaN. ms. */
export function pauseFor(asked: number | undefined, tries: number): number {
  const own = backoff(tries);
  return asked !== undefined && asked > own ? Math.min(asked, LONGEST_ASKED_MS) : own;
}

/** Doubles up to its limit, and scatters, so that many do not come back at once. ms. */
function backoff(tries: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** tries, LONGEST_RETRY_MS) * (0.5 + Math.random() / 2);
}
