import { reasonOf } from '../execution/outcome.ts';
import { CLAIM_MS } from '../store/claim-ms.ts';
import type { Delivery } from './delivery.ts';
import type { RunTrackingOptions, Undelivered } from './run-tracking.ts';
import { withinTime } from './within-time.ts';

/** A person who waits longer is told what for. */
const TELL_MS = 2_000;
const RENEW_MS = CLAIM_MS / 3;

interface LastOptions extends Pick<RunTrackingOptions, 'store' | 'run' | 'workerId' | 'onTrackerWait' | 'log'> {
  /** Stops all deliveries. */
  stop: AbortController;
  /** How long nothing may get any further, ms. */
  limitMs: number;
  /** Aborted by somebody who does not want to wait any longer. */
  hurry: AbortSignal | undefined;
}

/** What a run has still to deliver when it ends, and the wait for it. */
export class LastDeliveries {
  readonly #due: readonly Delivery[];
  readonly #options: LastOptions;
  /** The time to deliver alone ran out, as when the machine slept: another process may be at it. */
  #claimLost = false;
  /** By component, ms since the epoch, as claims are counted. That of the run's end holds for the limit and some more. */
  readonly #claimedUntil = new Map<string, number>();

  constructor(due: readonly Delivery[], options: LastOptions) {
    this.#due = due;
    this.#options = options;
  }

  /** Waits until all is delivered, nothing got any further for the limit, or somebody is in a hurry. Meanwhile nobody else may deliver it. */
  async drained(): Promise<void> {
    if (this.#due.length === 0) return;
    const { limitMs, hurry } = this.#options;
    for (const { component } of this.#due) this.#claimedUntil.set(component, Date.now() + limitMs + CLAIM_MS);
    const all = Promise.all(this.#due.map((delivery) => delivery.done)).then(() => true);
    const over = hurry === undefined ? all : Promise.race([all, aborted(hurry)]);
    const renewing = setInterval(() => void this.#renewClaims(), RENEW_MS).unref();
    const telling = setTimeout(() => this.#tellWait(), TELL_MS);
    const from = performance.now();
    try {
      for (let left = limitMs; left > 0;) {
        if (await withinTime(over, left)) return;
        const advancedAt = Math.max(from, ...this.#due.map((delivery) => delivery.advancedAt));
        left = advancedAt + limitMs - performance.now();
      }
    } finally {
      clearInterval(renewing);
      clearTimeout(telling);
    }
  }

  /** Those that are among `open`, by component, with what stands in their way. */
  undelivered(open: ReadonlySet<Delivery>): Undelivered[] {
    const left = this.#due.filter((delivery) => open.has(delivery));
    return Array.from(byComponent(left), ([component, deliveries]) => ({
      component,
      trackerRuns: deliveries.length,
      reason: deliveries.find((delivery) => delivery.failure !== undefined)?.failure ?? this.#silence,
    }));
  }

  /** Why something that failed for no reason of its own is not delivered. */
  get #silence(): string {
    const { hurry, limitMs } = this.#options;
    if (this.#claimLost) return 'it took so long that another process may deliver it by now';
    return hurry?.aborted === true ? 'nobody waited for it' : `no answer within ${limitMs} ms`;
  }

  get #left(): Delivery[] {
    return this.#due.filter((delivery) => !delivery.delivered);
  }

  #tellWait(): void {
    const { onTrackerWait, log } = this.#options;
    for (const [tracker, deliveries] of byComponent(this.#left)) {
      const events = deliveries.reduce((sum, { waiting }) => sum + waiting, 0);
      try {
        onTrackerWait?.({ tracker, events, trackerRuns: deliveries.length });
      } catch (error) {
        log.warn(`onTrackerWait failed: ${reasonOf(error)}`);
      }
    }
  }

  /** Stops delivering when a claim is lost, or would be before the next try: what two processes deliver at once would arrive twice. */
  async #renewClaims(): Promise<void> {
    const { store, run, workerId, stop } = this.#options;
    for (const component of byComponent(this.#left).keys()) {
      const asked = Date.now();
      const ours = await store.renewClaim({ runId: run.id, component, worker: { id: workerId } }).catch(() => undefined);
      if (ours === true) this.#claimedUntil.set(component, asked + CLAIM_MS);
      if (ours ?? asked + RENEW_MS < this.#claimedUntil.get(component)!) continue;
      this.#claimLost = true;
      stop.abort();
    }
  }
}

const byComponent = (deliveries: readonly Delivery[]): Map<string, Delivery[]> => Map.groupBy(deliveries, ({ component }) => component);

/** Resolves when it is aborted. */
function aborted(signal: AbortSignal): Promise<true> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(true);
    signal.addEventListener('abort', () => resolve(true), { once: true });
  });
}
