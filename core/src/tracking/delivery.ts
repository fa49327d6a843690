import { setImmediate } from 'node:timers/promises';

import { isError, Permanent, TrackerUnavailable } from '../errors.ts';
import { redactOutcome } from '../secrets/redaction.ts';
import { checkedRun } from './checked-run.ts';
import { copyOfEvents } from './copy-of-events.ts';
import type { DeliveryPlan, DeliverySurroundings, ParentRun } from './delivery-plan.ts';
import type { Outcome, Receipt, TrackerEvent, TrackerRun, TrackerRunRef } from './experiment-tracker.ts';
import { failureOf } from './failure.ts';
import { Refusals } from './refusals.ts';
import { retry } from './retry.ts';
import type { TrackerHandle } from './run-tracking.ts';
import { type Batch, takeBatch } from './take-batch.ts';
import { TrackerRunNews } from './tracker-run-news.ts';
import { unsettled } from './unsettled.ts';
import { withinTime } from './within-time.ts';

/** Pause between the first event that waits and its delivery, so that what follows goes with it. ms. */
const GATHER_MS = 50;

interface End {
  outcome: Outcome;
  endedAt: number;
  supersededBy: string | undefined;
}

/**
 * Brings one tracker run from `open` to `close`: everything in order, again and again when it fails for a passing reason. What is known of
 * it is recorded in the store. Nothing here throws; `done` resolves when there is no more to do, now or in this process.
 */
export class Delivery implements TrackerHandle, ParentRun {
  readonly done: Promise<void>;
  /** The last error that still stands in the way. */
  failure: string | undefined;
  /** What to do about it, where that is known. */
  advice: string | undefined;
  delivered = false;
  /** When it last got any further, ms of the process's own clock. */
  advancedAt = performance.now();

  readonly #plan: DeliveryPlan;
  readonly #around: DeliverySurroundings;
  readonly #opening = Promise.withResolvers<void>();
  #row: { id: string; key: string; ref?: TrackerRunRef } | undefined;
  #run: TrackerRun | undefined;
  #end: End | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;
  #due = false;
  /** The tracker has confirmed its end. */
  #closed = false;
  readonly #news: TrackerRunNews;
  readonly #refusals: Refusals;
  readonly #acked: Record<string, number>;
  /** Events that were taken from the queue, and are not yet at the tracker. */
  #underWay = 0;

  constructor(plan: DeliveryPlan, around: DeliverySurroundings) {
    this.#plan = plan;
    this.#around = around;
    this.#acked = { ...plan.acked };
    this.#news = new TrackerRunNews(around.store, plan.metadataSuffixes);
    this.#refusals = new Refusals(this.#news, plan.again === true);
    this.done = this.#deliver();
  }

  get component(): string {
    return this.#plan.component.name;
  }

  get flavor(): string {
    return this.#plan.component.flavor;
  }

  get keepsOutput(): boolean {
    return this.#plan.component.tracker.capabilities.output === true;
  }

  get url(): string | undefined {
    return this.#news.url;
  }

  get key(): string | undefined {
    return this.#row?.key;
  }

  get ref(): TrackerRunRef | undefined {
    return this.#run?.ref;
  }

  /** Events that the tracker does not have yet. */
  get waiting(): number {
    return (this.#plan.events?.size ?? 0) + this.#underWay;
  }

  /** Has it been said how it ends? */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Tells that an event was put into its queue. `whole`: no more follow soon that could go with it. */
  notify(whole = false): void {
    if (whole) this.#rouse();
    else this.#timer ??= setTimeout(() => this.#rouse(), GATHER_MS).unref();
  }

  /** No event follows: deliver what is left, and close. */
  end(outcome: Outcome, endedAt: number, supersededBy?: string): void {
    this.#end = { outcome: redactOutcome(outcome), endedAt, supersededBy };
    this.#run?.ending?.();
    this.#rouse();
  }

  async opened(): Promise<{ native: unknown; readonly env: Record<string, string>; url: string | undefined }> {
    const { tracker, name } = this.#plan.component;
    const ms = this.#around.openTimeoutMs;
    if (this.#run === undefined) await withinTime(this.#opening.promise, ms);
    const failure = this.failure ?? this.#plan.parent?.failure;
    if (this.#run === undefined) throw new TrackerUnavailable({ tracker: name, reason: failure ?? `it did not open within ${ms} ms` });
    const { native, ref } = this.#run;
    return {
      native,
      url: this.url,
      get env() {
        return tracker.childEnv?.(ref) ?? {};
      },
    };
  }

  whenOpen(): Promise<void> {
    return this.#opening.promise;
  }

  /** After the stop: records what is known so far, for whoever delivers the rest. `reason` is why it was stopped, unless something else stands in the way. */
  async leave(reason?: string): Promise<void> {
    const lastError = this.failure ?? (this.#closed ? undefined : reason);
    if (lastError !== undefined) this.#news.add({ lastError });
    await this.#record();
  }

  async #deliver(): Promise<void> {
    try {
      await this.#open();
      do {
        await this.#roused();
        await this.#drain();
      } while (this.#end === undefined || (this.#plan.events?.size ?? 0) > 0);
      await this.#close(this.#end);
    } catch (error) {
      const stopped = this.#around.stop.aborted;
      if (!stopped) this.#fail(error);
      this.#opening.resolve();
      if (stopped) return;
      await this.#record().catch((cause: unknown) => this.#warn('could not be recorded', cause));
    }
  }

  async #open(): Promise<void> {
    const { component, identity, parent } = this.#plan;
    this.#row = await this.#persist(this.#plan.row);
    const start = await this.#persist(this.#plan.start);
    await parent?.whenOpen();
    const id = { ...identity, key: this.#row.key, ...(parent?.key !== undefined && { parentKey: parent.key }) };
    const whole = { ...start, ...(parent?.ref && { parent: parent.ref }) };
    const check = { flavor: component.flavor, endingFailed: (error: unknown) => this.#warn('failed when told of an end', error) };
    this.#run = await this.#persist(async () =>
      checkedRun(await component.tracker.open(id, whole, this.#row!.ref, this.#around.stop), check),
    );
    this.#news.add({ status: 'running' });
    this.#news.addRef(this.#run.ref);
    if (this.#end !== undefined) this.#run.ending?.();
    this.#opening.resolve();
    await this.#persist(() => this.#record());
  }

  async #close({ outcome, endedAt, supersededBy }: End): Promise<void> {
    const { stillEnds } = this.#plan;
    const ref = await this.#persist(async () => {
      if (stillEnds !== undefined && !(await stillEnds(endedAt))) return undefined;
      return this.#run!.close(outcome, endedAt, this.#around.stop, supersededBy);
    });
    if (ref === undefined) return;
    this.#closed = true;
    this.#taken();
    this.#news.addRef(ref);
    this.#news.add({ status: outcome.status, acked: { ...this.#acked }, lastError: null });
    await this.#persist(() => this.#record());
    this.delivered = true;
  }

  /** Sends what waits now; what comes meanwhile waits for the next turn. While the tracker has one batch, the next one is made ready. */
  async #drain(): Promise<void> {
    const { events, again = false } = this.#plan;
    let left = events?.size ?? 0;
    for (let batch = this.#take(left); batch !== undefined;) {
      left -= batch.count;
      // What was set aside is recorded with the receipt that brings it: it comes again until then.
      const closing = !again && this.#end !== undefined && events!.size === 0;
      this.#refusals.add(batch.refused);
      const next = this.#takeMeanwhile(left);
      // Thrown below, once what is sent now is recorded.
      next.catch(() => undefined);
      await this.#send(batch.events, closing);
      Object.assign(this.#acked, batch.last);
      this.#underWay -= batch.count;
      this.#refusals.arrive(batch.again);
      // The last receipt is recorded with the close.
      if (closing) return;
      if (!this.#refusals.hasSuspects) this.#news.add({ acked: { ...this.#acked } });
      await this.#persist(() => this.#record());
      batch = await next;
    }
  }

  #take(most: number): Batch | undefined {
    const batch = takeBatch(this.#plan, most);
    this.#underWay += batch?.count ?? 0;
    return batch;
  }

  async #takeMeanwhile(most: number): Promise<Batch | undefined> {
    if (most <= 0) return undefined;
    // The request goes out first.
    await setImmediate();
    return this.#take(most);
  }

  async #send(events: readonly TrackerEvent[], closing: boolean): Promise<void> {
    let rest = events;
    while (rest.length > 0) {
      const sent = rest;
      const deliver = async (): Promise<readonly TrackerEvent[]> => {
        const receipt = await this.#run!.deliver(copyOfEvents(sent), this.#around.stop, closing);
        const left = unsettled(sent, receipt);
        this.#receive(receipt);
        return left;
      };
      try {
        rest = await this.#persist(deliver);
      } catch (error) {
        if (!isError(error, Permanent)) throw error;
        return this.#single(sent, error, closing);
      }
    }
  }

  /** A batch was refused for good: finds the events that are to blame, so that they do not block the rest. */
  async #single(events: readonly TrackerEvent[], error: Permanent, closing: boolean): Promise<void> {
    if (events.length > 1) {
      const half = events.length >> 1;
      await this.#send(events.slice(0, half), closing);
      await this.#send(events.slice(half), closing);
      return;
    }
    const { writer, seq } = events[0]!;
    if (!this.#refusals.suspect({ writer, seq, why: error.message })) throw error;
  }

  #receive({ rejected, ref }: Receipt): void {
    if (rejected !== undefined) this.#refusals.add(rejected);
    this.#taken();
    this.#news.addRef(ref);
  }

  #taken(): void {
    if (this.#refusals.settle()) this.#news.add({ acked: { ...this.#acked } });
  }

  async #record(): Promise<void> {
    if (this.#row !== undefined) await this.#news.record(this.#row.id);
  }

  /** Calls until it succeeds. Throws what will not pass, and whatever comes once all is stopped. */
  async #persist<T>(call: () => Promise<T>): Promise<T> {
    const failed = async (error: unknown): Promise<void> => {
      if (this.#fail(error)) await this.#record().catch(() => undefined);
    };
    const result = await retry(call, { stop: this.#around.stop, failed });
    this.advancedAt = performance.now();
    this.#recover();
    return result;
  }

  /** Notes what stands in the way; false when that is no news. */
  #fail(error: unknown): boolean {
    const { reason, advice } = failureOf(error);
    if (reason === this.failure) return false;
    this.failure = reason;
    this.advice = advice;
    this.#news.add({ lastError: reason });
    this.#warn('cannot be reached', error);
    return true;
  }

  #recover(): void {
    if (this.failure === undefined) return;
    this.failure = undefined;
    this.#news.add({ lastError: null });
  }

  #warn(what: string, error: unknown): void {
    this.#around.log.debug(`experiment tracker "${this.component}" ${what}`, { step: this.#plan.identity.stepId, error });
  }

  #rouse(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = true;
    this.#wake?.();
  }

  async #roused(): Promise<void> {
    if (!this.#due) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    this.#due = false;
  }
}
