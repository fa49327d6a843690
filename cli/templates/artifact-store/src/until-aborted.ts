type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** The chunks of a body. Gives up when the signal does, also while the body hangs. */
export async function* untilAborted(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  if (ArrayBuffer.isView(body)) return yield body;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const iterator = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    // Not waited for: a body that hangs does not end.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}
