import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import { reasonOf } from './outcome.ts';
import type { OutputStream } from './user-code.ts';

/** How long a line that has no end yet is waited for, ms: so much of it a process that is killed may owe the trackers. The console file has it all the same. */
export const UNENDED_MS = 1_000;
/** From so many characters on it is not waited for. */
export const UNENDED_LENGTH = 1 << 16;

interface Begun {
  text: string;
  /** When its first piece came, ms since the epoch. */
  at: number;
}

/**
 * Logs what a step prints line by line, however small the pieces are in which it prints: a line is logged at its end, or when that is long in coming. What a
 * carriage return has overwritten is gone, as on a screen: of a progress bar its last state remains.
 */
export class OutputLines {
  readonly #log: (event: LoggedEvent) => void;
  readonly #warn: (what: string) => void;
  readonly #begun = new Map<OutputStream, Begun>();
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** `warn` is told, once, that no more can be logged. */
  constructor(log: (event: LoggedEvent) => void, warn: (what: string) => void) {
    this.#log = log;
    this.#warn = warn;
  }

  /** Never throws: a full disk must not end the step. */
  add(stream: OutputStream, text: string): void {
    if (this.#over) return;
    const begun = this.#begun.get(stream);
    const lines = ((begun?.text ?? '') + text).split('\n');
    const rest = lines.pop()!;
    for (const line of lines) this.#append(stream, shown(line));
    if (rest === '') return void this.#begun.delete(stream);
    const now = Date.now();
    // Of a line that goes on.
    const at = begun === undefined || lines.length > 0 ? now : begun.at;
    this.#begun.set(stream, { text: withoutOverwritten(rest), at });
    // A step that never awaits lets no timer fire.
    if (now - at >= UNENDED_MS || rest.length >= UNENDED_LENGTH) this.#logBegun(stream);
    else this.#timer ??= setTimeout(() => this.#logAllBegun(), UNENDED_MS).unref();
  }

  /** Logs what has no end: nothing follows. */
  end(): void {
    this.#logAllBegun();
    this.#over = true;
  }

  #logAllBegun(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const stream of [...this.#begun.keys()]) this.#logBegun(stream);
  }

  #logBegun(stream: OutputStream): void {
    const { text } = this.#begun.get(stream)!;
    this.#begun.delete(stream);
    this.#append(stream, shown(text));
  }

  #append(stream: OutputStream, text: string): void {
    if (this.#over) return;
    try {
      this.#log({ kind: 'log', stream, text });
    } catch (error) {
      this.#over = true;
      this.#warn(`what a step printed is not sent to its trackers any more: ${reasonOf(error)}`);
    }
  }
}

/** A line as a screen shows it at its end. */
function shown(line: string): string {
  return withoutOverwritten(line).replace(/\r$/, '');
}

/** Carriage returns at the end, of which one remains, overwrite nothing yet: a program that writes `\r\n` where the system makes `\r\n` of `\n` has two. */
function withoutOverwritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  if (end === 0) return line.slice(0, 1);
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end + 1);
}
