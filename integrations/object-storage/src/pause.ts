import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/** Waits before try `number` + 1, at first `firstMs`: longer each time, and by chance up to half of it less, so that many who failed together do not come back together. */
export async function pause(number: number, signal: AbortSignal | undefined, firstMs = FIRST_MS): Promise<void> {
  const most = Math.min(LONGEST_MS, firstMs * 2 ** (number - 1));
  await delay(most * (1 - Math.random() / 2), undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
}
