import { BodyReader, isWhole, type Body } from './body-reader.ts';
import type { PartMemory } from './part-memory.ts';

/** S3 knows no upload of more. */
const MAX_PARTS = 10_000;
const MEBIBYTE = 1024 * 1024;
/** What a body needs no memory for parts for: most are smaller. */
const SMALL_BYTES = 64 * 1024;
const NOTHING = new Uint8Array(0);

export interface SentPart {
  bytes: Uint8Array;
  isLast: boolean;
}

/** The bytes of a body in parts of one size, the last one shorter. */
export interface PartSource {
  next(): Promise<SentPart>;
  /** The part has arrived: its bytes are not needed any more. */
  release(bytes: Uint8Array): void;
  /** Lets go of the body, and of all parts that were not released. */
  close(): void;
}

/** `partSize`, or more where S3 would not take so many parts of a body of `size` bytes. */
export function partSizeFor(size: number | undefined, partSize: number): number {
  if (size === undefined || size <= MAX_PARTS * partSize) return partSize;
  return Math.ceil(size / MAX_PARTS / MEBIBYTE) * MEBIBYTE;
}

interface PartSourceOptions {
  partSize: number;
  /** Of the whole body, if that is known. */
  size: number | undefined;
  memory: PartMemory;
  signal: AbortSignal;
}

/** The parts of a body. */
export function partSource(body: Body, options: PartSourceOptions): PartSource {
  const size = isWhole(body) ? body.byteLength : options.size;
  const partSize = partSizeFor(size, options.partSize);
  return isWhole(body) ? new SlicedParts(body, partSize) : new GatheredParts(body, { ...options, size, partSize });
}

class SlicedParts implements PartSource {
  readonly #bytes: Uint8Array;
  readonly #partSize: number;
  #at = 0;

  constructor(bytes: Uint8Array, partSize: number) {
    this.#bytes = bytes;
    this.#partSize = partSize;
  }

  async next(): Promise<SentPart> {
    const bytes = this.#bytes.subarray(this.#at, this.#at + this.#partSize);
    this.#at += bytes.byteLength;
    return { bytes, isLast: this.#at === this.#bytes.byteLength };
  }

  release(): void {}

  close(): void {}
}

/** Gathers chunks: those of a small body in memory of its own, so that many can be put at once, those of any other in what the store has for parts. */
class GatheredParts implements PartSource {
  readonly #reader: BodyReader;
  readonly #options: PartSourceOptions;
  /** By the buffers that parts were given out of. */
  readonly #held = new Map<ArrayBufferLike, Uint8Array>();
  #begun: Uint8Array | undefined;

  constructor(body: AsyncIterable<Uint8Array>, options: PartSourceOptions) {
    const { partSize, size = SMALL_BYTES, signal } = options;
    this.#options = options;
    this.#reader = new BodyReader(body, signal);
    this.#begun = Buffer.allocUnsafeSlow(Math.min(SMALL_BYTES, partSize, size));
  }

  async next(): Promise<SentPart> {
    const { memory, partSize, signal } = this.#options;
    const begun = this.#begun ?? NOTHING;
    this.#begun = undefined;
    let used = await this.#reader.fill(begun);
    if (await this.#reader.atEnd()) return { bytes: begun.subarray(0, used), isLast: true };
    const into = await memory.take(partSize, signal);
    this.#held.set(into.buffer, into);
    into.set(begun);
    used += await this.#reader.fill(into.subarray(used));
    return { bytes: into.subarray(0, used), isLast: await this.#reader.atEnd() };
  }

  release({ buffer }: Uint8Array): void {
    const held = this.#held.get(buffer);
    if (held === undefined) return;
    this.#held.delete(buffer);
    this.#options.memory.give(held);
  }

  close(): void {
    this.#reader.close();
    for (const held of this.#held.values()) this.#options.memory.lose(held);
    this.#held.clear();
  }
}
