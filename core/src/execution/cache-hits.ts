import type { MetadataStore } from '../store/metadata-store.ts';
import type { CachedStep } from '../store/step-data.ts';
import { monotonicMs } from './monotonic-ms.ts';

/** Look-ups in a row before steps are read along: what is read along in vain costs as much as about ten look-ups. */
const IN_A_ROW = 4;
/** So many of those that were read along must have been asked for, that it was worth it. */
const WORTH_IT = 10;

/** How long what was read ahead stands for what is in the store, ms. */
const STANDS_FOR = 50;

/**
 * What the cache has for the steps of a run. A run that repeats an earlier one asks for its steps in the order in which those began; so after a few hits in a
 * row the steps that followed there are read along, many at once, at a fifth of what it costs to look for each. Where a run asks in another order, that is tried
 * less and less often. Another process may remove one meanwhile: after 50 ms they are read again.
 */
export class CacheHits {
  readonly #store: MetadataStore;
  #inARow = 0;
  #enough = IN_A_ROW;
  #ahead: ReadonlyMap<string, CachedStep> = new Map();
  #readAt = 0;
  /** Those of `#ahead` that were asked for. */
  #used = 0;

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  async find(key: string): Promise<CachedStep | undefined> {
    const known = this.#ahead.get(key);
    if (known !== undefined && monotonicMs() - this.#readAt <= STANDS_FOR) {
      this.#used++;
      return known;
    }
    const hit = await this.#store.findCached(key);
    if (hit !== undefined && this.#isTimeToReadAhead()) {
      const before = this.#ahead;
      const ahead = await this.#store.cachedAfter(hit.stepRunId);
      // Unless a step was run meanwhile.
      if (this.#ahead === before) this.#ahead = ahead;
      this.#readAt = monotonicMs();
    }
    return hit;
  }

  /** To be called when a step is run after all: what it makes is to be found then. */
  forget(): void {
    this.#inARow = 0;
    this.#used = 0;
    this.#ahead = new Map();
  }

  #isTimeToReadAhead(): boolean {
    const wasWorthIt = this.#used >= WORTH_IT;
    if (!wasWorthIt && ++this.#inARow < this.#enough) return false;
    this.#enough = wasWorthIt ? IN_A_ROW : this.#enough * 2;
    this.#inARow = 0;
    this.#used = 0;
    return true;
  }
}
