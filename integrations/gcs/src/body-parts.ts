import { untilAborted } from '@mortise/http-client';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

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
  for await (const chunk of untilAborted(body, signal)) {
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
