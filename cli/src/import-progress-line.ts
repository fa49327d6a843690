import type { ImportProgress } from '@mortise/core/client';
import { count } from './count.ts';
import { printable } from './printable.ts';

/** Drawn so far apart, ms. */
const FRAME_MS = 100;
const ERASE = '\r\u001b[2K';

/** How far an import is, in one line of stderr that is written again and again; nothing where stderr is no terminal. */
export class ImportProgressLine {
  #drawnAt = -Infinity;

  readonly show = ({ run, runs, points, files }: ImportProgress): void => {
    if (!process.stderr.isTTY || performance.now() - this.#drawnAt < FRAME_MS) return;
    this.#drawnAt = performance.now();
    const text = printable(`${count(runs, 'run')}, ${count(points, 'point')}, ${count(files, 'file')}: ${run}`);
    process.stderr.write(`${ERASE}${text.slice(0, (process.stderr.columns || 80) - 1)}`);
  };

  readonly warn = (message: string): void => {
    this.close();
    process.stderr.write(`${printable(`warning ${message}`)}\n`);
  };

  /** Takes the line away. */
  readonly close = (): void => {
    if (this.#drawnAt > -Infinity) process.stderr.write(ERASE);
    this.#drawnAt = -Infinity;
  };
}
