import { closeSync, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

import { RecordFramer } from './record-framer.ts';

/** Held in memory at most before it goes to the file; a flush brings it to the disk. */
const BUFFER_BYTES = 1 << 20;

const syncToDisk = promisify(fdatasync);

/**
 * Appends records to a `.wandb` file. What `flush` has resolved for outlasts the process and the machine. Methods throw errors of the file
 * system; after the first one the writer is of no use: what came after the last flush may lie in the file in part, and is for the next writer to cut off.
 */
export class TransactionLogWriter {
  readonly #file: number;
  readonly #framer: RecordFramer;
  #written: number;
  #synced: number;
  #failure: Error | undefined;

  /** `size`: how much of the file is kept, to the end of a record; what comes after it is cut off. 0 begins anew. */
  constructor(path: string, size = 0) {
    this.#file = openSync(path, size === 0 ? 'w' : 'r+');
    this.#framer = new RecordFramer(size);
    this.#written = size;
    this.#synced = size;
    if (size > 0) this.#guard(() => ftruncateSync(this.#file, size));
  }

  /** Of the file, with all that was appended, in bytes. */
  get size(): number {
    return this.#framer.size;
  }

  append(record: Uint8Array): void {
    this.#framer.frame(record);
    if (this.#framer.pendingBytes >= BUFFER_BYTES) this.#write();
  }

  /** Resolves when all that was appended before the call is on the disk. */
  async flush(): Promise<void> {
    this.#write();
    const written = this.#written;
    if (this.#synced >= written) return;
    try {
      await syncToDisk(this.#file);
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
    this.#synced = Math.max(this.#synced, written);
  }

  /** Flushes first, unless the writer has failed. */
  async close(): Promise<void> {
    try {
      if (this.#failure === undefined) await this.flush();
    } finally {
      this.#failure ??= new Error('the log is closed');
      closeSync(this.#file);
    }
  }

  #write(): void {
    this.#guard(() => {
      const bytes = this.#framer.take();
      for (let from = 0; from < bytes.length;) from += writeSync(this.#file, bytes, from, bytes.length - from, this.#written + from);
      this.#written += bytes.length;
    });
  }

  #guard(act: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      act();
    } catch (error) {
      this.#failure = error as Error;
      throw error;
    }
  }
}
