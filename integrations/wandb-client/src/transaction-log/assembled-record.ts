import { FIRST, FULL, MIDDLE, type Chunk } from './block-format.ts';

/** Puts the chunks of a record together. */
export class AssembledRecord {
  #parts: Uint8Array[] = [];
  #begunAt: number | undefined;
  #isSkipping = false;

  /** Where the record begins that has not come to its end. */
  get begunAt(): number | undefined {
    return this.#begunAt;
  }

  /** What follows belongs to a record that is lost, until another one begins. */
  skipToNext(): void {
    this.#drop();
    this.#isSkipping = true;
  }

  /** Why a chunk cannot follow what came before it. */
  objection({ type }: Chunk): string | undefined {
    const begins = type === FULL || type === FIRST;
    if (begins) return this.#begunAt === undefined ? undefined : `the record from byte ${this.#begunAt} has no end`;
    return this.#begunAt !== undefined || this.#isSkipping ? undefined : 'a part of a record without its beginning';
  }

  /** The whole record, if this chunk ends it. */
  add({ type, data }: Chunk, offset: number): { bytes: Uint8Array; offset: number } | undefined {
    if (type === FULL || type === FIRST) {
      this.#drop();
      this.#isSkipping = false;
    }
    if (this.#isSkipping) return undefined;
    if (type === FULL) return { bytes: data, offset };
    this.#begunAt ??= offset;
    this.#parts.push(data);
    if (type === FIRST || type === MIDDLE) return undefined;
    const record = { bytes: Buffer.concat(this.#parts), offset: this.#begunAt };
    this.#drop();
    return record;
  }

  #drop(): void {
    this.#parts = [];
    this.#begunAt = undefined;
  }
}
