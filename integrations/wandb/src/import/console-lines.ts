import type { LogRecord } from '@mortise/wandb-client';

export interface ConsoleLine {
  stream: 'out' | 'err';
  text: string;
  /** When it ended, ms since the epoch. */
  at: number;
}

type OutputRecord = Extract<LogRecord, { kind: 'output' }>;

/** Makes lines of what a program wrote, which comes in any pieces. What a carriage return has overwritten is gone, as on a screen. */
export class ConsoleLines {
  readonly #begun = new Map<ConsoleLine['stream'], ConsoleLine>();

  take({ stream, text, at }: OutputRecord): ConsoleLine[] {
    const [first = '', ...others] = text.split('\n');
    const ended: ConsoleLine[] = [];
    let line = { stream, text: (this.#begun.get(stream)?.text ?? '') + first, at };
    for (const next of others) {
      ended.push(shown(line));
      line = { stream, text: next, at };
    }
    if (line.text === '') this.#begun.delete(stream);
    else this.#begun.set(stream, line);
    return ended;
  }

  /** Lines that have not come to their end. */
  rest(): ConsoleLine[] {
    const rest = [...this.#begun.values()].map(shown);
    this.#begun.clear();
    return rest;
  }
}

function shown(line: ConsoleLine): ConsoleLine {
  const text = line.text.replace(/\r+$/, '');
  return { ...line, text: text.slice(text.lastIndexOf('\r') + 1) };
}
