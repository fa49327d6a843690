import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

import { isCode } from '../offline/error-code.ts';
import { RecordFramer } from './record-framer.ts';

const syncToDisk = promisify(fdatasync);

/**
 * Appends records to a `.wandb` file. They wait in memory until `flush`, and after one that failed for the next: of what a disk has taken before its error
 * nobody knows what is there, so all of it is written anew. What `flush` has resolved for outlasts the process and the machine. Throws errors of the file system.
 */
export class TransactionLogWriter {
  readonly #path: string;
  readonly #framer: RecordFramer;
  /** Not open before the first flush, and after one that failed. */
  #file: number | undefined;
  #synced: number;
  #last: Promise<void> = Promise.resolve();

  /** `size`: how much of the file is kept, to the end of a record; what comes after it is cut off. 0 begins anew. */
  constructor(path: string, size = 0) {
    this.#path = path;
    this.#framer = new RecordFramer(size);
    this.#synced = size;
  }

  /** Of the file, with all that was appended, in bytes. */
  get size(): number {
    return this.#framer.size;
  }

  append(record: Uint8Array): void {
    this.#framer.frame(record);
  }

  /** Resolves when all that was appended before the call is on the disk. One at a time: a disk tells of an error once, whoever asks. */
  flush(): Promise<void> {
    const flushed = this.#last.then(() => this.#flush());
    this.#last = flushed.catch(() => undefined);
    return flushed;
  }

  /** Flushes first; when that fails, it may be called again. */
  async close(): Promise<void> {
    await this.flush();
    this.#letGo();
  }

  async #flush(): Promise<void> {
    const bytes = this.#framer.pending;
    if (bytes.length === 0) return;
    try {
      const file = (this.#file ??= this.#open());
      for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from, bytes.length - from, this.#synced + from);
      await syncToDisk(file);
      // It can be written to all the same, and nobody will read that.
      if (fstatSync(file).nlink === 0) throw this.#takenAway();
    } catch (error) {
      this.#letGo();
      throw this.#synced > 0 && isCode(error, 'ENOENT') ? this.#takenAway(error) : error;
    }
    this.#framer.drop(bytes.length);
    this.#synced += bytes.length;
  }

  #open(): number {
    const file = (this.#file = openSync(this.#path, this.#synced === 0 ? 'w' : 'r+'));
    if (this.#synced > 0) ftruncateSync(file, this.#synced);
    return file;
  }

  #takenAway(cause?: unknown): Error {
    return new Error(`${this.#path} was taken away while it was written to: what is logged since then will be in another log`, { cause });
  }

  #letGo(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file);
  }
}
