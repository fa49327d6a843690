import { setTimeout as sleep } from 'node:timers/promises';

/** Keeps to so many of something a minute: a minute's worth at once, then as they come back. */
export class Pace {
  readonly #perMinute: number;
  #left: number;
  #countedAt: number;

  /** 0: no limit. */
  constructor(perMinute: number, now = performance.now()) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
    this.#countedAt = now;
  }

  /** How many can be taken now without waiting. */
  free(now = performance.now()): number {
    if (this.#perMinute === 0) return Infinity;
    return Math.max(0, Math.floor(Math.min(this.#perMinute, this.#left + this.#back(now))));
  }

  /** How long to wait for `count`, ms; they count as taken. More than a minute's worth are taken at once, and what follows waits for them. */
  take(count: number, now = performance.now()): number {
    if (this.#perMinute === 0) return 0;
    this.#left = Math.min(this.#perMinute, this.#left + this.#back(now));
    this.#countedAt = now;
    const missing = Math.min(count, this.#perMinute) - this.#left;
    this.#left -= count;
    return missing <= 0 ? 0 : Math.ceil((missing * 60_000) / this.#perMinute);
  }

  #back(now: number): number {
    return ((now - this.#countedAt) * this.#perMinute) / 60_000;
  }

  /** Waits for `count`. Throws the signal's reason, and has taken none then. */
  async wait(count: number, signal?: AbortSignal): Promise<void> {
    const ms = this.take(count);
    if (ms === 0) return;
    try {
      await sleep(ms, undefined, { ...(signal !== undefined && { signal }) });
    } catch {
      this.#left += count;
      signal!.throwIfAborted();
    }
  }
}
