import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { AssembledRecord } from './assembled-record.ts';
import { BLOCK_BYTES, CHUNK_HEAD_BYTES, FILE_HEADER, FULL, LAST, type Chunk } from './block-format.ts';
import { TransactionLogDamaged } from './transaction-log-damaged.ts';

/** The bytes of one record; `end` is the file's size if it ended with this record. */
export interface StoredRecord {
  bytes: Uint8Array;
  offset: number;
  end: number;
}

export interface ReadOptions {
  signal?: AbortSignal;
  /** Told of a damaged place instead of an error; reading goes on with the next block. */
  onDamage?: (damage: TransactionLogDamaged) => void;
}

/** Blocks are read this many at a time. */
const READ_BYTES = 16 * BLOCK_BYTES;

/**
 * Reads a `.wandb` file from its beginning, of any size in little memory. What a killed process left behind the last whole record is not given,
 * and `tornAt` tells where it begins. Throws `TransactionLogDamaged` and errors of the file system.
 */
export class TransactionLogReader {
  readonly path: string;
  #tornAt: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** After `records` has come to its end: where the unfinished rest begins, if there is one. */
  get tornAt(): number | undefined {
    return this.#tornAt;
  }

  async *records(options: ReadOptions = {}): AsyncGenerator<StoredRecord, void> {
    const file = await open(this.path, 'r');
    try {
      this.#tornAt = undefined;
      yield* this.#read(file, options);
    } finally {
      await file.close();
    }
  }

  async *#read(file: FileHandle, { signal, onDamage }: ReadOptions): AsyncGenerator<StoredRecord, void> {
    const { size } = await file.stat();
    const assembled = new AssembledRecord();
    const report = (offset: number, reason: string): void => {
      const damage = new TransactionLogDamaged(this.path, offset, reason);
      if (onDamage === undefined) throw damage;
      onDamage(damage);
      assembled.skipToNext();
    };
    for (let base = 0; base < size; base += READ_BYTES) {
      signal?.throwIfAborted();
      const bytes = await readAt(file, base, Math.min(READ_BYTES, size - base));
      let at = 0;
      if (base === 0) {
        const known = FILE_HEADER.subarray(0, bytes.length);
        if (!known.every((byte, index) => bytes[index] === byte)) throw new TransactionLogDamaged(this.path, 0, 'it is not a .wandb file');
        at = known.length;
      }
      while (at < bytes.length) {
        const chunk = chunkAt(bytes, at);
        if (chunk === 'padding') {
          at = nextBlock(at);
        } else if (typeof chunk === 'string') {
          // Of the last chunk of a file that was cut off, neither length nor checksum need be right.
          if (endsIn(bytes, at, base, size)) break;
          report(base + at, chunk);
          at = nextBlock(at);
        } else {
          const unfit = assembled.objection(chunk);
          if (unfit !== undefined) report(base + at, unfit);
          const record = assembled.add(chunk, base + at);
          if (record !== undefined) yield { ...record, end: base + chunk.end };
          at = chunk.end;
        }
      }
      if (base + READ_BYTES >= size) this.#tornAt = assembled.begunAt ?? (at < bytes.length ? base + at : undefined);
    }
    if (size < FILE_HEADER.length) this.#tornAt = 0;
  }
}

/** The chunk at `at`, whose block lies within `bytes` as far as the file has it, or why there is none. */
function chunkAt(bytes: Buffer, at: number): Chunk | 'padding' | (string & {}) {
  const blockEnd = nextBlock(at);
  if (blockEnd - at < CHUNK_HEAD_BYTES) return 'padding';
  if (bytes.length - at < CHUNK_HEAD_BYTES) return 'the head of a chunk is cut off';
  const end = at + CHUNK_HEAD_BYTES + bytes.readUInt16LE(at + 4);
  if (end > blockEnd) return 'a chunk is longer than its block';
  if (end > bytes.length) return 'a chunk is cut off';
  const type = bytes[at + 6]!;
  if (type < FULL || type > LAST) return `there is no chunk of type ${type}`;
  if (crc32(bytes.subarray(at + 6, end)) !== bytes.readUInt32LE(at)) return 'the checksum of a chunk is wrong';
  return { type, data: bytes.subarray(at + CHUNK_HEAD_BYTES, end), end };
}

function nextBlock(at: number): number {
  return at - (at % BLOCK_BYTES) + BLOCK_BYTES;
}

/** Whether what stands at `at` is the unfinished end of the file: nothing but zeros follows it, or its chunk was to reach the end or further. */
function endsIn(bytes: Buffer, at: number, base: number, size: number): boolean {
  if (base + bytes.length < size) return false;
  if (bytes.length - at < CHUNK_HEAD_BYTES || at + CHUNK_HEAD_BYTES + bytes.readUInt16LE(at + 4) >= bytes.length) return true;
  return bytes.subarray(at).every((byte) => byte === 0);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}
