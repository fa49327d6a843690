import * as types from 'node:util/types';

/**
 * The chunks of a body. Ends with the signal's reason as soon as that is aborted, also while the body keeps us waiting. Throws what the body throws, and
 * a TypeError for a chunk that is no Uint8Array.
 */
export async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  let giveUp: ((reason: unknown) => void) | undefined;
  const abort = (): void => giveUp?.(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let hasEnded = false;
  // Not by a race with one promise for all chunks: that would keep each of them until the end.
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      signal?.throwIfAborted();
      iterator.next().then(resolve, (error: Error) => {
        hasEnded = true;
        reject(error);
      });
    });
  try {
    for (let result = await next(); result.done !== true; result = await next()) {
      if (!types.isUint8Array(result.value)) throw new TypeError(`a body must consist of Uint8Arrays, not of ${typeof result.value}s`);
      yield result.value;
    }
    hasEnded = true;
  } finally {
    signal?.removeEventListener('abort', abort);
    // Not awaited: one that hangs may never answer.
    if (!hasEnded) iterator.return?.().catch(() => undefined);
  }
}
