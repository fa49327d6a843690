import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

const BUFFER_CHARACTERS = 1 << 20;

/**
 * `files/output.log`: the lines of the console, for people; the transaction log has them, too, and this file is made from it. What is appended waits for `write`,
 * and after one that failed for the next, which writes it to the same place.
 */
export class OutputLog {
  readonly #path: string;
  #pending = '';
  /** Bytes of it that are there. */
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  append(text: string): void {
    this.#pending += text;
  }

  /** What a log has of an earlier process, which may be very much. */
  recover(text: string): void {
    this.append(text);
    if (this.#pending.length >= BUFFER_CHARACTERS) this.write();
  }

  write(): void {
    if (this.#pending === '') return;
    const bytes = Buffer.from(this.#pending);
    const file = openSync(this.#path, this.#size === 0 ? 'w' : constants.O_WRONLY | constants.O_CREAT);
    try {
      // Somebody may have taken it away.
      const start = Math.min(this.#size, fstatSync(file).size);
      for (let from = 0; from < bytes.length;) from += writeSync(file, bytes, from, bytes.length - from, start + from);
      this.#size = start + bytes.length;
    } finally {
      closeSync(file);
    }
    this.#pending = '';
  }
}
