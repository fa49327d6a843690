import type { ImportedEvent } from '@mortise/core';

/** Comet's client keeps output in the pieces in which it was written; here they become lines. What a carriage return has overwritten is gone, as on a screen. */
export class ConsoleLines {
  /** Put together when the line is whole: to do so for each piece would take the square of the time. */
  readonly #begun: { out: string[]; err: string[] } = { out: [], err: [] };

  *add(text: string, stderr: boolean, at: number): Generator<ImportedEvent, void, undefined> {
    const stream = stderr ? 'err' : 'out';
    const [first = '', ...others] = text.split('\n');
    this.#push(stream, first);
    for (const next of others) {
      yield { kind: 'log', at, stream, text: shown(this.#begun[stream].join('')) };
      this.#begun[stream] = [];
      this.#push(stream, next);
    }
  }

  #push(stream: 'out' | 'err', piece: string): void {
    // A progress bar comes in as many pieces as it has steps, and one line end.
    if (piece.startsWith('\r') && /[^\r]/.test(piece)) this.#begun[stream] = [];
    this.#begun[stream].push(piece);
  }

  /** What had no end. */
  *rest(at: number): Generator<ImportedEvent, void, undefined> {
    for (const stream of ['out', 'err'] as const) {
      const text = shown(this.#begun[stream].join(''));
      if (text !== '') yield { kind: 'log', at, stream, text };
      this.#begun[stream] = [];
    }
  }
}

/** One at the end of a line overwrites nothing: it is a part of the line's end. */
function shown(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}
