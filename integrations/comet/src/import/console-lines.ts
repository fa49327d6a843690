import type { ImportedEvent } from '@mortise/core';

/** Comet's client keeps output in the pieces in which it was written; here they become lines. */
export class ConsoleLines {
  readonly #begun = { out: '', err: '' };

  *add(text: string, stderr: boolean, at: number): Generator<ImportedEvent, void, undefined> {
    const stream = stderr ? 'err' : 'out';
    const parts = (this.#begun[stream] + text).split('\n');
    this.#begun[stream] = parts.pop()!;
    for (const line of parts) yield { kind: 'log', at, stream, text: line };
  }

  /** What had no end. */
  *rest(at: number): Generator<ImportedEvent, void, undefined> {
    for (const stream of ['out', 'err'] as const) {
      if (this.#begun[stream] !== '') yield { kind: 'log', at, stream, text: this.#begun[stream] };
      this.#begun[stream] = '';
    }
  }
}
