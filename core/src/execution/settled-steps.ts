import type { MetadataStore } from '../store/metadata-store.ts';
import type { SettledStep } from '../store/step-data.ts';
import { monotonicMs } from './monotonic-ms.ts';

/** How long a step that has ended may wait to be written, ms. */
const LONGEST_WAIT = 50;

/**
 * Steps that ended without an attempt (cached, skipped), gathered so that many are written in one transaction: at the latest after 50 ms, before the next
 * attempt begins, and at the end of the run. A crash before that costs nothing but a look-up: the hit is found again.
 */
export class SettledSteps {
  readonly #store: MetadataStore;
  #waiting: SettledStep[] = [];
  #since = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<unknown> | undefined;

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  async add(step: SettledStep): Promise<void> {
    this.#waiting.push(step);
    if (this.#waiting.length === 1) {
      this.#since = monotonicMs();
      // What could not be written is tried again, and its error thrown, when somebody waits for it.
      this.#timer = setTimeout(() => void this.write().catch(() => undefined), LONGEST_WAIT);
    } else if (monotonicMs() - this.#since > LONGEST_WAIT) {
      // In a chain of hits no timer gets its turn.
      await this.write();
    }
  }

  /** Resolves when all that was added is in the store. Throws what the store throws. */
  async write(): Promise<void> {
    // Of several who wait for one write the first begins the next, for which the others wait too.
    while (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.length === 0) return;
    clearTimeout(this.#timer);
    const steps = this.#waiting;
    this.#waiting = [];
    try {
      await (this.#writing = this.#store.settleSteps(steps));
    } catch (error) {
      this.#waiting = [...steps, ...this.#waiting];
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }
}
