import type { ImportedEvent } from '@mortise/core';

/** Comet's client keeps output in the pieces in which it was written; here they become lines. */
export class ConsoleLines {
  /** Put together when the line is whole: to do so for each piece would take the square of the time. */
  readonly #begun: { out: string[]; err: string[] } = { out: [], err: [] };

  *add(text: string, stderr: boolean, at: number): Generator<ImportedEvent, void, undefined> {
    const stream = stderr ? 'err' : 'out';
    const [first = '', ...others] = text.split('\n');
    this.#begun[stream].push(first);
    for (const next of others) {
      yield { kind: 'log', at, stream, text: this.#begun[stream].join('') };
      this.#begun[stream] = [next];
    }
  }

  /** What had no end. */
  *rest(at: number): Generator<ImportedEvent, void, undefined> {
    for (const stream of ['out', 'err'] as const) {
      const text = this.#begun[stream].join('');
      if (text !== '') yield { kind: 'log', at, stream, text };
      this.#begun[stream] = [];
    }
  }
}
