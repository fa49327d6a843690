import { setImmediate } from 'node:timers/promises';

import { monotonicMs } from './monotonic-ms.ts';

/** A turn costs a step some 10 µs, so it is had only so often, ms. */
const APART_MS = 50;

let turnedAt = 0;

/**
 * Lets the event loop turn, if that was long ago. Steps that compute without a pause, on a disk that is so quick that nobody waits for it, never do: a
 * signal to the process would be heard when the last of them has ended.
 */
export async function turnOfLoop(): Promise<void> {
  if (monotonicMs() - turnedAt < APART_MS) return;
  await setImmediate();
  turnedAt = monotonicMs();
}
