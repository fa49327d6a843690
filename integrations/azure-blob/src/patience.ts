/** Waits for a server: no longer than the caller does, and than a time limit, which can begin anew. */
export class Patience {
  /** For the SDK. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
  readonly #caller: AbortSignal | undefined;
  readonly #late = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal | undefined, limitMs: number) {
    this.#caller = caller;
    this.limitMs = limitMs;
    this.signal = caller === undefined ? this.#late.signal : AbortSignal.any([caller, this.#late.signal]);
  }

  /** The time limit had been reached. Throws the reason of a caller who gave up. */
  get isOver(): boolean {
    this.#caller?.throwIfAborted();
    return this.#late.signal.aborted;
  }

  /** The time limit begins (again). */
  begin(): void {
    this.end();
    this.#timer = setTimeout(() => this.#late.abort(), this.limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
