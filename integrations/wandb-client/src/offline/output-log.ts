import { appendFileSync, writeFileSync } from 'node:fs';

const BUFFER_CHARACTERS = 1 << 20;

/** `files/output.log`: the lines of the console, for people; the transaction log has them, too, and this file is made from it. */
export class OutputLog {
  readonly #path: string;
  #pending = '';
  #isBegun = false;

  constructor(path: string) {
    this.#path = path;
  }

  append(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= BUFFER_CHARACTERS) this.write();
  }

  write(): void {
    if (this.#pending === '') return;
    if (this.#isBegun) appendFileSync(this.#path, this.#pending);
    else writeFileSync(this.#path, this.#pending);
    this.#isBegun = true;
    this.#pending = '';
  }
}
