import * as types from 'node:util/types';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** The body could not be read; `cause` is what its own code threw. */
export class BodyFailed extends Error {}

export function isWhole(body: Body): body is Uint8Array {
  return ArrayBuffer.isView(body);
}

/** Fills buffers with the bytes of a body that comes in chunks. Ends with the signal's reason, also while the body keeps us waiting. */
export class BodyReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.#giveUp?.(this.#signal.reason);
  #giveUp: ((reason: unknown) => void) | undefined;
  #rest: Uint8Array | undefined;
  #ended = false;

  constructor(body: AsyncIterable<Uint8Array>, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort, { once: true });
    this.#iterator = body[Symbol.asyncIterator]();
  }

  /** Copies bytes into `into`; gives how many, which are fewer than fit in only at the body's end. A body may use its chunks again. */
  async fill(into: Uint8Array): Promise<number> {
    let used = 0;
    while (used < into.byteLength && !(await this.atEnd())) {
      const chunk = this.#rest!;
      const taken = Math.min(chunk.byteLength, into.byteLength - used);
      into.set(chunk.subarray(0, taken), used);
      used += taken;
      this.#rest = chunk.subarray(taken);
    }
    return used;
  }

  /** Whether no byte is left; waits for the next chunk to know. */
  async atEnd(): Promise<boolean> {
    while (!this.#ended && (this.#rest === undefined || this.#rest.byteLength === 0)) {
      this.#signal.throwIfAborted();
      const next = await this.#nextOrAbort();
      if (next.done === true) {
        this.#ended = true;
      } else if (!types.isUint8Array(next.value)) {
        throw new BodyFailed('', { cause: new TypeError(`a body must consist of Uint8Arrays, not of ${typeof next.value}s`) });
      } else {
        this.#rest = next.value;
      }
    }
    return this.#ended;
  }

  /** Lets go of a body that was not read to its end. Not awaited: one that hangs may never answer. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    if (!this.#ended) this.#iterator.return?.().catch(() => undefined);
  }

  /** Not by a race with one promise for all chunks: that would keep each of them until the end. */
  #nextOrAbort(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#next().then(resolve, reject);
    });
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#iterator.next();
    } catch (cause) {
      this.#ended = true;
      throw new BodyFailed('', { cause });
    }
  }
}
