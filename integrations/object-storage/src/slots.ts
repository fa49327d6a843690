/** Who waits for slots. */
interface Waiting {
  count: number;
  begin(): void;
}

/** So many slots: whoever finds too few free waits, in the order of coming. */
export class Slots {
  readonly #count: number;
  readonly #stalledMs: number | undefined;
  readonly #waiting: Waiting[] = [];
  #free: number;
  #stalled: NodeJS.Timeout | undefined;

  /** With `stalledMs` the one who has waited longest goes on without, when nobody gave a slot back for so long: where holders may wait for who waits. */
  constructor(count: number, { stalledMs }: { stalledMs?: number } = {}) {
    this.#count = count;
    this.#free = count;
    this.#stalledMs = stalledMs;
  }

  /** Runs it as soon as there is a slot, and not at all if the signal is aborted before. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.take(1, signal);
    try {
      return await work();
    } finally {
      this.give(1);
    }
  }

  /** Takes so many, or all if there are fewer. Throws the signal's reason, and has taken none then. */
  async take(count: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const wanted = Math.min(count, this.#count);
    if (this.#waiting.length === 0 && this.#free >= wanted) this.#free -= wanted;
    else await this.#turn(wanted, signal);
  }

  /** Gives back what was taken. */
  give(count: number): void {
    this.#free += Math.min(count, this.#count);
    this.#letIn();
  }

  #turn(count: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', abort);
        this.#free -= count;
        resolve();
      };
      const waiting = { count, begin };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal!.reason as Error);
        // Behind one who wanted many there may be some who want few.
        this.#letIn();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiting);
      if (this.#waiting.length === 1) this.#watch();
    });
  }

  #letIn(): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.count <= this.#free) this.#waiting.shift()!.begin();
    this.#watch();
  }

  #watch(): void {
    clearTimeout(this.#stalled);
    if (this.#stalledMs === undefined || this.#waiting.length === 0) return;
    this.#stalled = setTimeout(() => {
      this.#waiting.shift()!.begin();
      this.#watch();
    }, this.#stalledMs);
  }
}
