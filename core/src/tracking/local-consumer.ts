import { setImmediate } from 'node:timers/promises';

import type { Logger } from '../stack/flavor.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { EventLog, WrittenRecord } from './event-log-writer.ts';
import { EventQueue } from './event-queue.ts';

/** Writers to the store take turns better when each pauses after a commit: at most one batch per process in this time, ms. */
const INTERVAL_MS = 50;
const BATCH = 1_000;

/** The local tracking store as a consumer of the event log: its cursor moves in the transaction that applies the events. */
export class LocalConsumer {
  readonly #log: EventLog;
  readonly #o: { store: MetadataStore; log: Logger; runId: string; workerId: string };
  readonly #events: EventQueue;
  /** How far the store has applied the log. */
  #cursor = { segment: 0, offset: 0, lines: 0 };
  #segmentsKnown = 0;
  #applying: Promise<void> = Promise.resolve();
  #appliedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #said: string | undefined;

  constructor(log: EventLog, options: { store: MetadataStore; log: Logger; runId: string; workerId: string }) {
    this.#log = log;
    this.#o = options;
    this.#events = new EventQueue(log, () => true);
  }

  push(written: WrittenRecord): void {
    this.#events.push(written);
    // While the user's code awaits; it does not keep the process alive, whoever ends the run forces the rest.
    this.#timer ??= setTimeout(() => void this.apply(true), INTERVAL_MS).unref();
  }

  /** Applies all that waits: at once when forced, else only if the last time is long enough ago. Never rejects. */
  async apply(force: boolean): Promise<void> {
    if (this.#events.size === 0 && !force) return;
    if (!force && Date.now() - this.#appliedAt < INTERVAL_MS) return;
    this.#applying = this.#applying.then(() => this.#applyAll());
    await this.#applying;
  }

  /** Tells the store that nothing follows in the segments that it has applied to their end. */
  async seal(): Promise<void> {
    if (this.#events.size > 0) return;
    for (const segment of this.#log.segments.slice(0, this.#segmentsKnown))
      await this.#o.store.sealSegment(segment.id).catch((e) => this.#warn(e));
  }

  /** Tells the store where the segments lie: what could not be read of them here is for whoever looks at the run next. */
  async leave(): Promise<void> {
    await this.#announce(this.#log.segments.length - 1).catch((error: unknown) => this.#warn(error));
  }

  async #applyAll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      // Between two batches others have their turn: the trackers' answers.
      while (this.#events.size > 0 && (await this.#applyBatch())) await setImmediate();
    } catch (error) {
      this.#warn(error);
    }
    this.#appliedAt = Date.now();
  }

  async #applyBatch(): Promise<boolean> {
    const waiting = this.#events.peek(BATCH);
    const first = waiting[0];
    if (first === undefined) return false;
    const end = waiting.findIndex((event) => event.segment !== first.segment);
    const batch = end === -1 ? waiting : waiting.slice(0, end);
    await this.#announce(first.segment);
    const records = batch.map((event) => event.record);
    const { offset: from, lines } = this.#cursor.segment === first.segment ? this.#cursor : { offset: 0, lines: 0 };
    const offset = batch.at(-1)!.to;
    await this.#o.store.applyEvents(this.#log.segments[first.segment]!.id, records, from, offset);
    this.#cursor = { segment: first.segment, offset, lines: lines + batch.length };
    this.#events.shift(batch.length);
    return true;
  }

  /** The store learns of a segment before its first events. Until then others find it by its place in the log folder. */
  async #announce(segment: number): Promise<void> {
    const { store, runId, workerId } = this.#o;
    for (; this.#segmentsKnown <= segment; this.#segmentsKnown++) {
      const { id, path, openedAt } = this.#log.segments[this.#segmentsKnown]!;
      await store.openSegment({ id, runId, workerId, path, openedAt });
    }
  }

  /** It is tried again with every event that follows: the same reason is said once. */
  #warn(error: unknown): void {
    const reason = String((error as Error | undefined)?.message ?? error);
    if (reason === this.#said) return;
    this.#said = reason;
    this.#o.log.warn(`what was logged could not be applied to the store yet: ${reason}`);
  }
}
