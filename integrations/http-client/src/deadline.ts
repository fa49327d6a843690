/** Timers take no longer time: they pass at once then. */
const LONGEST_MS = 2 ** 31 - 1;

/** A limit on how long nothing may happen. Its signal ends a request at the limit, or when the caller gives up. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #milliseconds: number;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #passed = false;
  #ended = false;

  constructor(milliseconds: number, caller?: AbortSignal) {
    this.#milliseconds = Math.min(milliseconds, LONGEST_MS);
    this.#caller = caller;
    this.signal = this.#controller.signal;
    if (caller?.aborted === true) this.#giveUp();
    caller?.addEventListener('abort', this.#giveUp);
    this.renew();
  }

  /** True when the limit was reached, and not the caller's patience. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Something happened: the limit counts from now. */
  renew(): void {
    this.pause();
    if (this.#ended) return;
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#controller.abort();
    }, this.#milliseconds);
  }

  /** What is waited for is no longer the server's. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** For good: what still goes on in the background keeps no timer. */
  end(): void {
    this.#ended = true;
    this.pause();
    this.#caller?.removeEventListener('abort', this.#giveUp);
  }

  readonly #giveUp = (): void => this.#controller.abort(this.#caller?.reason);
}
