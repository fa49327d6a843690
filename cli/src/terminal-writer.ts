import { stripVTControlCharacters } from 'node:util';

type Write = (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;

/**
 * Shares the terminal between what is drawn on its last rows and what anybody writes to stdout and stderr: before a line of theirs is written, what was drawn
 * is erased. A line that has no end yet is kept back, for the drawn rows would be put behind it; `openLines` has it, to be drawn with them.
 */
export class TerminalWriter {
  /** The terminal, past whoever listens to what the process writes. */
  readonly screen: NodeJS.WriteStream;
  isOpen = true;
  readonly #streams: readonly SharedStream[];

  /** `erase` takes away what was drawn. */
  constructor(erase: () => void) {
    const { stdout } = process;
    this.screen = Object.create(stdout, {
      write: { value: stdout.write.bind(stdout) },
      // A terminal of unknown size has 0 of both.
      columns: { get: () => stdout.columns || 80 },
      rows: { get: () => stdout.rows || 24 },
    }) as NodeJS.WriteStream;
    const streams = process.stderr.isTTY ? [stdout, process.stderr] : [stdout];
    this.#streams = streams.map((stream) => new SharedStream(stream, erase));
  }

  /** The lines that have no end yet, each cut to what a row shows of its end. */
  openLines(columns: number): string[] {
    return this.#streams.flatMap(({ open }) => {
      // Of what was written over with carriage returns, the last is seen.
      const seen = stripVTControlCharacters(open.slice(-LONGEST_SEEN).replace(/\r+$/, '').split('\r').at(-1)!);
      return seen === '' ? [] : [[...seen].slice(-(columns - 1)).join('')];
    });
  }

  /** Writes what was kept back; from now on all goes on as it comes. */
  close(): void {
    this.isOpen = false;
    for (const stream of this.#streams) stream.close();
  }
}

/** Of a line without an end: more would not fit on a screen, and is not looked at ten times a second. */
const LONGEST_SEEN = 10_000;

/** A stream whose whole lines go on at once. */
class SharedStream {
  /** What was written after the last end of a line. */
  open = '';
  #isOpen = true;
  readonly #write: Write;
  readonly #erase: () => void;
  readonly #decoder = new TextDecoder();

  constructor(stream: NodeJS.WriteStream, erase: () => void) {
    const write = stream.write as unknown as Write;
    this.#write = (...args) => Reflect.apply(write, stream, args);
    this.#erase = erase;
    // Others may have put theirs around this one by the time it is closed, so it stays where it is.
    Object.defineProperty(stream, 'write', { value: this.#shared, writable: true, configurable: true, enumerable: false });
  }

  close(): void {
    this.#isOpen = false;
    if (this.open !== '') this.#write(`${this.open}\n`);
    this.open = '';
  }

  readonly #shared: Write = (chunk, ...rest) => {
    if (!this.#isOpen) return this.#write(chunk, ...rest);
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true });
    const done = rest.find((each): each is () => void => typeof each === 'function');
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) {
      this.open += text;
      if (done !== undefined) process.nextTick(done);
      return true;
    }
    const whole = this.open + text.slice(0, end);
    this.open = text.slice(end);
    this.#erase();
    return done === undefined ? this.#write(whole) : this.#write(whole, done);
  };
}
