import { Semaphore } from '../execution/semaphore.ts';
import { checkedRun, type CheckOptions } from './checked-run.ts';
import type {
  ExperimentTracker,
  Outcome,
  Receipt,
  TrackerEvent,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from './experiment-tracker.ts';

/** Most calls at once: what waits may be thousands of tracker runs, and their server has other users. */
const MOST_CALLS = 8;

/** A tracker that is asked a few things at once, and of which it is known how long it has not answered well. */
export class PacedTracker implements ExperimentTracker {
  /** Called right before each call: a process may have been stopped since it last looked at anything. */
  beforeCall: (() => void) | undefined;
  readonly #tracker: ExperimentTracker;
  readonly #check: CheckOptions;
  readonly #slots = new Semaphore(MOST_CALLS);
  #failingSince: number | undefined;
  #answeredAt = Date.now();

  constructor(tracker: ExperimentTracker, check: CheckOptions) {
    this.#tracker = tracker;
    this.#check = check;
  }

  get capabilities() {
    return this.#tracker.capabilities;
  }

  /** Since when it only failed, ms. */
  get failingFor(): number {
    return this.#failingSince === undefined ? 0 : Date.now() - this.#failingSince;
  }

  /** How it has failed before counts no more: that was for another run. */
  forgive(): void {
    this.#failingSince = undefined;
  }

  /** Since when it has said nothing at all, ms. */
  get silentFor(): number {
    return Date.now() - this.#answeredAt;
  }

  async open(id: TrackerRunIdentity, start: TrackerRunStart, known: TrackerRunRef | undefined, signal: AbortSignal): Promise<TrackerRun> {
    const run = await this.#call(signal, async () => checkedRun(await this.#tracker.open(id, start, known, signal), this.#check));
    // Its run is over: nothing logs any more, though much of what was logged may not have been read yet.
    run.ending?.();
    return {
      get ref() {
        return run.ref;
      },
      native: run.native,
      deliver: (events: readonly TrackerEvent[], until: AbortSignal, closing?: boolean): Promise<Receipt> =>
        this.#call(until, () => run.deliver(events, until, closing)),
      close: (outcome: Outcome, endedAt: number, until: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> =>
        this.#call(until, () => run.close(outcome, endedAt, until, supersededBy)),
    };
  }

  async #call<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const giveBack = await this.#slots.take();
    try {
      this.beforeCall?.();
      signal.throwIfAborted();
      const answer = await work();
      this.#failingSince = undefined;
      return answer;
    } catch (error) {
      this.#failingSince ??= Date.now();
      throw error;
    } finally {
      this.#answeredAt = Date.now();
      giveBack();
    }
  }
}
