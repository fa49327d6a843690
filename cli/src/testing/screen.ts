/**
 * What a terminal shows after it was sent text: rows that scroll at the bottom, and the few sequences that a live list is drawn with. Text that is longer
 * than a row goes on in the next one.
 */
export class Screen {
  #columns: number;
  #rows: number;
  /** All rows since the start; the last `#rows` are on the screen. */
  #lines: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** Rows that were ever shown, those that have scrolled away first, without trailing spaces. */
  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  write(text: string): void {
    for (const [piece] of text.matchAll(/\x1b\[([?\d;]*)([A-Za-z])|[^]/g)) {
      if (piece.length > 1) this.#control(piece);
      else if (piece === '\n') this.#down();
      else if (piece === '\r') this.#column = 0;
      else if (piece >= ' ') this.#put(piece);
    }
  }

  #put(character: string): void {
    if (this.#column === this.#columns) {
      this.#column = 0;
      this.#down();
    }
    const line = this.#lines[this.#row]!.padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #down(): void {
    this.#row += 1;
    if (this.#row === this.#lines.length) this.#lines.push('');
  }

  #control(sequence: string): void {
    const code = sequence.at(-1);
    const [given = ''] = sequence.slice(2, -1).split(';');
    const count = Number(given || '1');
    const top = Math.max(0, this.#lines.length - this.#rows);
    if (code === 'A') this.#row = Math.max(top, this.#row - count);
    else if (code === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + count);
    else if (code === 'G') this.#column = count - 1;
    else if (code === 'K') this.#erase(given);
  }

  #erase(what: string): void {
    this.#lines[this.#row] = what === '2' ? '' : this.#lines[this.#row]!.slice(0, this.#column);
  }
}
