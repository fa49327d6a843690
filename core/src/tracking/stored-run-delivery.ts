import { setImmediate } from 'node:timers/promises';

import type { StoredTrackerRun } from '../store/delivery-store.ts';
import type { LoggedRecord } from '../store/tracking-data.ts';
import type { DeliverySurroundings, ParentRun } from './delivery-plan.ts';
import { Delivery } from './delivery.ts';
import type { Failure } from './failure.ts';
import { EventLogReader, type LostEvents } from './event-log-reader.ts';
import type { TrackerRunRef } from './experiment-tracker.ts';
import { indexLog, type LogPlace } from './log-index.ts';
import { PushedEvents } from './pushed-events.ts';
import type { RunTrackingOptions, TrackerComponent } from './run-tracking.ts';
import { parentSettings, readSettings } from './read-settings.ts';
import { trackerRunKey } from './tracker-run-key.ts';
import { trackerRunStart, metadataSuffixes } from './tracker-run-start.ts';
import { withinTime } from './within-time.ts';

/** The tracker runs of one pipeline run at one component, as they are stored. */
export interface StoredRunPlan {
  run: RunTrackingOptions['run'];
  component: TrackerComponent;
  /** Names of the trackers of the run's stack, in its order, and of those that came to it later. */
  trackerNames: readonly string[];
  /** The component came to the run later: more may come. */
  isAdded: boolean;
  trackerRuns: readonly StoredTrackerRun[];
  /** Of the parent, as far as the tracker has told it. */
  parentRef: TrackerRunRef | undefined;
  /** Segments of the run's event log, in order. */
  files: readonly string[];
  /** Only these events, whether they were sent before or not: `writer seq`, by the key of the tracker run. Default: what is not acknowledged. */
  only?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface StoredRunEnd {
  delivered: number;
  left: number;
  /** What stood in the way, each once, by its reason. */
  failures: Map<string, Failure>;
  /** What the log no longer holds. */
  lost: LostEvents[];
}

/** Most events that are read and not yet taken by the tracker. */
const MOST_EVENTS = 20_000;
/** Enough events of one tracker run to send them. */
const BATCH = 1_000;
/** Most tracker runs that have all of their events and are not yet at their end. */
const MOST_ENDING = 64;
/** How long deliveries that were told to stop may take to note how far they came, ms. */
const LEAVE_MS = 500;

/**
 * Brings the tracker runs of a pipeline run to their end from what is stored: the parent first, each with its events in order, the parent closed after the
 * others. The log is read once, however many they are; what is in memory is bounded by how many ran at the same time.
 */
export function deliverStoredRun(plan: StoredRunPlan, around: DeliverySurroundings): Promise<StoredRunEnd> {
  return new StoredRunDelivery(plan, around).run();
}

interface Active {
  delivery: Delivery;
  events: PushedEvents;
}

class StoredRunDelivery {
  readonly #plan: StoredRunPlan;
  readonly #around: DeliverySurroundings;
  readonly #steps: readonly StoredTrackerRun[];
  readonly #byStepRun: Map<string, StoredTrackerRun>;
  readonly #active = new Map<string, Active>();
  readonly #end: StoredRunEnd;
  #parent: ParentRun | undefined;
  #events = 0;
  #ending = 0;
  #changed = Promise.withResolvers<void>();

  constructor(plan: StoredRunPlan, around: DeliverySurroundings) {
    this.#plan = plan;
    this.#around = around;
    this.#steps = plan.trackerRuns.filter(({ step }) => step !== undefined);
    this.#byStepRun = new Map(this.#steps.map((row) => [row.runId, row]));
    this.#end = { delivered: 0, left: plan.trackerRuns.length, failures: new Map(), lost: [] };
    around.stop.addEventListener('abort', this.#wake, { once: true });
  }

  async run(): Promise<StoredRunEnd> {
    const stored = this.#plan.trackerRuns.find(({ step }) => step === undefined);
    const parent = stored === undefined ? undefined : this.#begin(stored);
    this.#parent = parent?.delivery ?? closedParent(this.#plan);
    await Promise.race([this.#parent.whenOpen(), this.#stopped()]);
    // Where not even the parent can be opened, thousands of others need not be tried.
    if (parent === undefined || parent.delivery.ref !== undefined) {
      await this.#deliverSteps();
      if (parent !== undefined && !this.#stop.aborted) this.#finish(stored!);
      await this.#until(() => this.#active.size === 0);
    }
    if (this.#active.size > 0) await this.#leave();
    this.#around.stop.removeEventListener('abort', this.#wake);
    return this.#end;
  }

  async #deliverSteps(): Promise<void> {
    const { files } = this.#plan;
    const index = await indexLog(files, (runId, writer, seq) => this.#wants(this.#byStepRun.get(runId), writer, seq));
    for (const row of this.#steps) if (!index.has(row.runId)) await this.#deliverWithoutEvents(row);
    const ends = [...index].map(([runId, { end }]) => ({ row: this.#byStepRun.get(runId)!, end })).sort((a, b) => compare(a.end, b.end));
    let next = 0;
    for (const [file, path] of files.entries()) {
      const reader = new EventLogReader(path);
      for (let more = true; more && next < ends.length && !this.#stop.aborted;) {
        const { records, lost } = reader.read(1 << 16);
        more = records.length + lost.length > 0;
        this.#end.lost.push(...lost);
        for (const { record } of records) this.#push(record);
        for (; next < ends.length && compare(ends[next]!.end, { file, offset: reader.cursor.offset }) <= 0; next++)
          this.#finish(ends[next]!.row);
        await this.#room();
      }
    }
    for (; next < ends.length && !this.#stop.aborted; next++) this.#finish(ends[next]!.row);
    const own = this.#parent instanceof Delivery ? 1 : 0;
    await this.#until(() => this.#active.size <= own);
  }

  async #deliverWithoutEvents(row: StoredTrackerRun): Promise<void> {
    if (this.#stop.aborted) return;
    this.#finish(row);
    await this.#room();
  }

  #push(record: LoggedRecord): void {
    const row = this.#byStepRun.get(record.runId);
    if (!this.#wants(row, record.writer, record.seq)) return;
    const active = this.#active.get(row!.key) ?? this.#begin(row!);
    active.events.push(record);
    if (active.events.size === BATCH) active.delivery.notify(true);
  }

  #wants(row: StoredTrackerRun | undefined, writer: string, seq: number): boolean {
    if (row === undefined) return false;
    const { only } = this.#plan;
    return only === undefined ? seq > (row.acked[writer] ?? 0) : (only.get(row.key)?.has(`${writer} ${seq}`) ?? false);
  }

  #begin(row: StoredTrackerRun): Active {
    const { run, component, trackerNames, isAdded } = this.#plan;
    const { key, ref, step, startedAt, settings, acked } = row;
    const events = new PushedEvents((by) => {
      this.#events += by;
      if (by < 0) this.#wake();
    });
    const suffixes =
      step === undefined
        ? metadataSuffixes(component.name, component.name === trackerNames[0], isAdded || trackerNames.length > 1)
        : metadataSuffixes(component.name, row.position === 0, isAdded || row.several);
    const delivery = new Delivery(
      {
        component,
        row: async () => ({ id: key, key, ...(ref !== undefined && { ref }) }),
        identity: { runId: run.id, attempt: 0, ...step },
        start: async () => {
          const given = step === undefined ? parentSettings(component, run.settings) : settings;
          const whole = trackerRunStart({ ...run, resumed: row.resumed }, step, {
            startedAt: step === undefined ? run.startedAt : startedAt,
            settings: await readSettings(component, given, { run, step }),
          });
          return { ...whole, ...(this.#plan.only !== undefined && { again: true }) };
        },
        parent: step === undefined ? undefined : this.#parent,
        ...(step === undefined && { stillEnds: (at: number) => this.#stillEnds(at) }),
        events: step === undefined ? undefined : events,
        metadataSuffixes: suffixes,
        acked,
        again: this.#plan.only !== undefined,
      },
      this.#around,
    );
    const active = { delivery, events };
    this.#active.set(key, active);
    void delivery.done.then(() => this.#done(key, active));
    return active;
  }

  async #stillEnds(endedAt: number): Promise<boolean> {
    const run = await this.#around.store.run(this.#plan.run.id);
    return run === undefined || run.endedAt === endedAt;
  }

  /** All of its events are there. */
  #finish(row: StoredTrackerRun): void {
    const { delivery } = this.#active.get(row.key) ?? this.#begin(row);
    this.#ending++;
    delivery.end(row.desired, row.endedAt, row.supersededBy);
  }

  #done(key: string, { delivery, events }: Active): void {
    this.#active.delete(key);
    if (delivery.ended) this.#ending--;
    if (delivery.delivered) {
      this.#end.delivered++;
      this.#end.left--;
    }
    this.#note(delivery);
    events.close();
    this.#wake();
  }

  #note({ failure, advice }: Delivery): void {
    if (failure !== undefined) this.#end.failures.set(failure, { reason: failure, ...(advice !== undefined && { advice }) });
  }

  /** What is known of those that were left is for the next process. */
  async #leave(): Promise<void> {
    const left = Array.from(this.#active.values(), ({ delivery }) => delivery);
    for (const delivery of left) this.#note(delivery);
    await withinTime(Promise.allSettled(left.map((delivery) => delivery.leave())), LEAVE_MS);
  }

  /** Lets others have their turn, and waits until the tracker has taken enough to read on. */
  async #room(): Promise<void> {
    await setImmediate();
    if (this.#events >= MOST_EVENTS) for (const { delivery, events } of this.#active.values()) if (events.size > 0) delivery.notify(true);
    await this.#until(() => this.#events < MOST_EVENTS && this.#ending < MOST_ENDING);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!this.#stop.aborted && !holds()) {
      await this.#changed.promise;
    }
  }

  async #stopped(): Promise<void> {
    await this.#until(() => false);
  }

  get #stop(): AbortSignal {
    return this.#around.stop;
  }

  readonly #wake = (): void => {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
  };
}

/** A parent that reached its end before, or is another process's. */
function closedParent({ run, component, parentRef }: StoredRunPlan): ParentRun {
  const key = trackerRunKey({ runId: run.id, attempt: 0, component: component.name });
  return { key, ref: parentRef, failure: undefined, whenOpen: () => Promise.resolve() };
}

function compare(a: LogPlace, b: LogPlace): number {
  return a.file - b.file || a.offset - b.offset;
}
