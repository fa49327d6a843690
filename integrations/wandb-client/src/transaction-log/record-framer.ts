import { crc32 } from 'node:zlib';

import { BLOCK_BYTES, CHUNK_HEAD_BYTES, FILE_HEADER, FIRST, FULL, LAST, MIDDLE } from './block-format.ts';

const INITIAL_BYTES = 1 << 16;
/** More is given back when it is empty. */
const KEPT_BYTES = 1 << 20;

/** Cuts records into chunks and keeps them until they are dropped. `size`: of the file, with all that was framed. */
export class RecordFramer {
  #size: number;
  #pending = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  /** Goes on behind `size` bytes; 0 begins a file. */
  constructor(size: number) {
    this.#size = size;
    if (size === 0) this.#add(FILE_HEADER);
  }

  get size(): number {
    return this.#size;
  }

  /** What was framed and not dropped; valid until the next `frame`. */
  get pending(): Uint8Array {
    return this.#pending.subarray(0, this.#length);
  }

  /** The first `length` bytes of `pending`. */
  drop(length: number): void {
    this.#pending.copyWithin(0, length, this.#length);
    this.#length -= length;
    if (this.#length === 0 && this.#pending.length > KEPT_BYTES) this.#pending = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  frame(record: Uint8Array): void {
    let from = 0;
    let isFirst = true;
    do {
      let room = BLOCK_BYTES - (this.#size % BLOCK_BYTES) - CHUNK_HEAD_BYTES;
      if (room < 0) {
        this.#addZeros(room + CHUNK_HEAD_BYTES);
        room = BLOCK_BYTES - CHUNK_HEAD_BYTES;
      }
      const to = Math.min(record.length, from + room);
      // The first chunk is empty if no more than its head fits into the block.
      this.#addChunk(chunkType(isFirst, to === record.length), record.subarray(from, to));
      isFirst = false;
      from = to;
    } while (from < record.length);
  }

  #addChunk(type: number, data: Uint8Array): void {
    const head = this.#reserve(CHUNK_HEAD_BYTES + data.length);
    const bytes = this.#pending;
    bytes[head + 6] = type;
    bytes.set(data, head + CHUNK_HEAD_BYTES);
    bytes.writeUInt32LE(crc32(bytes.subarray(head + 6, head + CHUNK_HEAD_BYTES + data.length)), head);
    bytes.writeUInt16LE(data.length, head + 4);
  }

  #add(data: Uint8Array): void {
    this.#pending.set(data, this.#reserve(data.length));
  }

  #addZeros(length: number): void {
    const at = this.#reserve(length);
    this.#pending.fill(0, at, at + length);
  }

  #reserve(length: number): number {
    const at = this.#length;
    if (at + length > this.#pending.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#pending.length * 2, at + length));
      this.#pending.copy(larger, 0, 0, at);
      this.#pending = larger;
    }
    this.#length = at + length;
    this.#size += length;
    return at;
  }
}

function chunkType(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? FULL : FIRST;
  return isLast ? LAST : MIDDLE;
}
