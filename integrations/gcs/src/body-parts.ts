import * as types from 'node:util/types';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** The body could not be read; `cause` is what its own code threw. */
export class BodyFailed extends Error {}

export interface BodyPart {
  /** Only until the next part is asked for. */
  bytes: Uint8Array;
  isLast: boolean;
}

/**
 * A body in parts of `partSize` bytes; the last one has what is left, and there is always one. A stream's bytes are copied, since a body may use its
 * chunks again. Ends with the signal's reason, also while the body keeps us waiting.
 */
export async function* partsOf(body: Body, partSize: number, signal: AbortSignal): AsyncGenerator<BodyPart, void, undefined> {
  if (ArrayBuffer.isView(body)) {
    for (let at = 0; at === 0 || at < body.byteLength; at += partSize)
      yield { bytes: body.subarray(at, at + partSize), isLast: at + partSize >= body.byteLength };
    return;
  }
  const part = new GrowingPart(partSize);
  for await (const chunk of chunksOf(body, signal)) {
    for (let rest = chunk; rest.byteLength > 0;) {
      // Only when more comes is it known not to be the last one.
      if (part.isFull) yield { bytes: part.take(), isLast: false };
      rest = rest.subarray(part.add(rest));
    }
  }
  yield { bytes: part.take(), isLast: true };
}

/** Bytes of one part, whose room grows with what there is: most objects are small. */
class GrowingPart {
  readonly #most: number;
  #room = Buffer.allocUnsafe(0);
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.#used === this.#most;
  }

  /** Copies what fits in; gives how much that was. */
  add(chunk: Uint8Array): number {
    const end = Math.min(this.#used + chunk.byteLength, this.#most);
    if (end > this.#room.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(end, 2 * this.#room.length)));
      this.#room.copy(larger, 0, 0, this.#used);
      this.#room = larger;
    }
    const taken = end - this.#used;
    this.#room.set(chunk.subarray(0, taken), this.#used);
    this.#used = end;
    return taken;
  }

  /** All of it; the room is used again. */
  take(): Uint8Array {
    const bytes = this.#room.subarray(0, this.#used);
    this.#used = 0;
    return bytes;
  }
}

async function* chunksOf(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  let giveUp: ((reason: unknown) => void) | undefined;
  const abort = (): void => giveUp?.(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const iterator = body[Symbol.asyncIterator]();
  let ended = false;
  // Not by a race with one promise for all chunks: that would keep each of them until the end.
  const next = (): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      giveUp = reject;
      signal.throwIfAborted();
      iterator.next().then(resolve, (cause: unknown) => {
        ended = true;
        reject(new BodyFailed('', { cause }));
      });
    });
  try {
    for (let result = await next(); result.done !== true; result = await next()) {
      if (!types.isUint8Array(result.value))
        throw new BodyFailed('', { cause: new TypeError(`a body must consist of Uint8Arrays, not of ${typeof result.value}s`) });
      yield result.value;
    }
    ended = true;
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited: one that hangs may never answer.
    if (!ended) iterator.return?.().catch(() => undefined);
  }
}
