import { Slots } from '@mortise/object-storage';

/** Parts of default size that are in memory at once, at least. */
const LEAST_PARTS = 16;
/**
 * A body may itself wait for another put, or hang. When no part was sent for so long, ms, one who waits for memory gets it all the same: the limit must not
 * make puts wait for each other.
 */
const STALLED_MS = 10_000;

/** The memory in which all uploads of a store gather their parts. It is used again: garbage of megabytes is collected late. */
export class PartMemory {
  readonly #partSize: number;
  readonly #slots: Slots;
  readonly #spare: Uint8Array[] = [];
  #taken = 0;

  constructor(partSize: number, maxConcurrency: number, stalledMs = STALLED_MS) {
    this.#partSize = partSize;
    this.#slots = new Slots(Math.max(LEAST_PARTS, 2 * maxConcurrency), { stalledMs });
  }

  /** Waits until there is memory for a part of `size` bytes. Throws the signal's reason. */
  async take(size: number, signal: AbortSignal): Promise<Uint8Array> {
    await this.#slots.take(this.#slotsFor(size), signal);
    this.#taken++;
    if (size > this.#partSize) this.#spare.length = 0;
    return (size === this.#partSize ? this.#spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
  }

  /** The part has arrived. */
  give(memory: Uint8Array): void {
    if (memory.byteLength === this.#partSize) this.#spare.push(memory);
    this.lose(memory);
  }

  /** The part was given up. Not to be used again: a connection that is being ended may still read it. */
  lose(memory: Uint8Array): void {
    this.#taken--;
    this.#slots.give(this.#slotsFor(memory.byteLength));
    // Of a store that rests, one part's memory stays for the next put.
    if (this.#taken === 0) this.#spare.length = Math.min(this.#spare.length, 1);
  }

  #slotsFor(size: number): number {
    return Math.ceil(size / this.#partSize);
  }
}
