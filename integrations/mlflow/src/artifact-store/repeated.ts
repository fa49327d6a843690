import { setTimeout as sleep } from 'node:timers/promises';

import { isMlflowError } from '@mortise/mlflow-client';

/** A server that was just started again, or a gateway that looks for one, is back within so many tries. */
const TRIES = 4;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Of gateways, and of servers that are busy. */
const PASSING_STATUS: readonly (number | undefined)[] = [429, 502, 503, 504];

/** Calls again what failed for a reason that may pass (default: of the network's). Only for what may be done twice. */
export async function repeated<T>(call: () => Promise<T>, signal?: AbortSignal, mayPass = ofNetwork): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await call();
    } catch (error) {
      if (tried === TRIES || !mayPass(error)) throw error;
      await sleep(pauseAfter(tried, error), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

export function ofNetwork(error: unknown): boolean {
  if (!isMlflowError(error)) return false;
  return error.kind === 'unreachable' || error.kind === 'busy' || (error.kind === 'server' && PASSING_STATUS.includes(error.status));
}

/** Longer each time, and never the same for many who wait. */
function pauseAfter(tried: number, error: unknown): number {
  const asked = isMlflowError(error) ? (error.retryAfter ?? 0) : 0;
  return Math.min(LONGEST_PAUSE_MS, Math.max(asked, FIRST_PAUSE_MS * 2 ** (tried - 1) * (0.5 + Math.random())));
}
