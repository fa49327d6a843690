type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** The chunks of a body. Gives up when the signal does, also while the body hangs. */
export async function* untilAborted(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  if (ArrayBuffer.isView(body)) return yield body;
  let giveUp: ((reason: unknown) => void) | undefined;
  const abort = (): void => giveUp?.(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal?.throwIfAborted();
      // Not by a race with one promise for all pieces, which would keep each of them until the end.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    // Not waited for: a body that hangs does not end.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
