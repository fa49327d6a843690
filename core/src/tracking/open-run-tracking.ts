import { setMaxListeners } from 'node:events';
import { join } from 'node:path';

import type { Json } from '../json.ts';
import { AttemptLog, type AttemptDelivery } from './attempt-log.ts';
import { shortParams } from './attempt-params.ts';
import { Delivery, type DeliveryPlan, type DeliverySurroundings } from './delivery.ts';
import { EventLogWriter, type WrittenRecord } from './event-log-writer.ts';
import { EventQueue } from './event-queue.ts';
import type { LoggedEvent, Outcome } from './experiment-tracker.ts';
import { LocalConsumer } from './local-consumer.ts';
import type { AttemptStart, AttemptTracking, RunTracking, RunTrackingOptions, TrackerComponent, Undelivered } from './run-tracking.ts';
import { withinTime } from './within-time.ts';

/** Opens the tracking of one pipeline run in this process. No file, timer or tracker is touched before there is something to record. */
export function openRunTracking(options: RunTrackingOptions): RunTracking {
  return new Tracking(options);
}

type MarkedAttempt = Omit<AttemptStart, 'params' | 'saveFile'>;

const OPEN_TIMEOUT_MS = 5_000;
const DRAIN_TIMEOUT_MS = 5_000;
/** How long deliveries that were told to stop may take to note how far they came, ms. */
const LEAVE_MS = 500;

class Tracking implements RunTracking {
  readonly #options: RunTrackingOptions;
  readonly #components: Map<string, TrackerComponent>;
  readonly #writer: EventLogWriter;
  readonly #local: LocalConsumer;
  readonly #stop = new AbortController();
  readonly #around: DeliverySurroundings;
  readonly #attempts = new Map<string, AttemptLog>();
  readonly #parents = new Map<string, Delivery>();
  /** Those that have not been delivered. */
  readonly #open = new Set<Delivery>();
  #saidLate = false;

  constructor(options: RunTrackingOptions) {
    const { store, log, logFolder, run, trackers } = options;
    this.#options = options;
    this.#components = new Map(trackers.map((tracker) => [tracker.name, tracker]));
    this.#writer = new EventLogWriter(join(logFolder, run.id));
    this.#local = new LocalConsumer(this.#writer, { store, log, runId: run.id, workerId: options.workerId });
    setMaxListeners(0, this.#stop.signal);
    this.#around = { store, log, stop: this.#stop.signal, openTimeoutMs: options.openTimeoutMs ?? OPEN_TIMEOUT_MS };
  }

  begin(attempt: AttemptStart): AttemptTracking {
    const tracking = new AttemptLog(
      attempt,
      this.#deliveriesOf(attempt),
      (runId, event) => this.#write(runId, event),
      () => this.#warnLate(attempt),
    );
    this.#attempts.set(attempt.id, tracking);
    const values = shortParams(attempt.params);
    if (values !== undefined) this.#tryToAppend(tracking, { kind: 'params', values });
    return tracking;
  }

  end(attemptId: string, outcome: Outcome, endedAt: number, supersededBy?: Record<string, string>): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    this.#attempts.delete(attemptId);
    attempt.end();
    for (const delivery of attempt.trackerRuns) delivery.end(outcome, endedAt, supersededBy?.[delivery.component]);
  }

  mark(attempt: MarkedAttempt, outcome: Outcome): void {
    for (const { delivery } of this.#deliveriesOf(attempt)) delivery.end(outcome, attempt.startedAt);
  }

  async apply(force = false): Promise<void> {
    await this.#local.apply(force);
  }

  async finish(outcome: Outcome, endedAt: number): Promise<Undelivered[]> {
    for (const parent of this.#parents.values()) parent.end(outcome, endedAt);
    await this.#local.apply(true);
    // An attempt that has not been ended here has been taken over, and with it its tracker runs.
    const ended = [...this.#open].filter((delivery) => delivery.ended);
    const limit = this.#options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS;
    if (ended.length > 0) await withinTime(Promise.all(ended.map((delivery) => delivery.done)), limit);
    this.#stop.abort();
    const left = [...this.#open];
    if (left.length > 0) await withinTime(Promise.allSettled(left.map((delivery) => delivery.leave())), LEAVE_MS);
    this.#writer.close();
    await this.#local.seal();
    return undelivered(
      left.filter((delivery) => delivery.ended),
      limit,
    );
  }

  #write(runId: string, event: LoggedEvent): WrittenRecord {
    const written = this.#writer.append(runId, event);
    this.#local.push(written);
    return written;
  }

  /** For what Mortise itself logs: a full disk must not end the step in place of the user's own error. */
  #tryToAppend(tracking: AttemptLog, event: LoggedEvent): void {
    try {
      tracking.append(event);
    } catch (error) {
      this.#options.log.warn((error as Error).message);
    }
  }

  #warnLate({ stepId }: AttemptStart): void {
    if (this.#saidLate) return;
    this.#saidLate = true;
    this.#options.log.warn(`step "${stepId}" logged something after it had ended: that is not recorded`);
  }

  #deliveriesOf(attempt: MarkedAttempt): AttemptDelivery[] {
    const { run } = this.#options;
    const several = attempt.trackerRuns.length > 1;
    return attempt.trackerRuns.flatMap((row, index) => {
      const component = this.#components.get(row.component);
      if (component === undefined) return [];
      const events = new EventQueue(this.#writer, (record) => record.runId === attempt.id);
      const delivery = this.#deliver({
        component,
        row: async () => row,
        identity: {
          runId: run.id,
          stepId: attempt.stepId,
          ...(attempt.mapIndex !== undefined && { mapIndex: attempt.mapIndex }),
          attempt: attempt.attempt,
        },
        start: {
          ...this.#startOf(component, attempt.startedAt, attempt.settings),
          name: nameOf(attempt),
          tags: { ...this.#tags(), 'mortise.step': attempt.stepId, 'mortise.attempt': String(attempt.attempt) },
        },
        parent: this.#parentOf(component),
        events,
        urlKeys: urlKeys(row.component, index === 0, several),
      });
      return [{ delivery, events }];
    });
  }

  /** The tracker run of the pipeline run, opened when a component has its first step. */
  #parentOf(component: TrackerComponent): Delivery {
    const known = this.#parents.get(component.name);
    if (known !== undefined) return known;
    const { run, store, trackers } = this.#options;
    const parent = this.#deliver({
      component,
      row: async () => (await store.createTrackerRuns(run.id, [{ component: component.name, flavor: component.flavor }]))[0]!,
      identity: { runId: run.id, attempt: 0 },
      start: { ...this.#startOf(component, run.startedAt, undefined), name: run.name, tags: this.#tags() },
      parent: undefined,
      events: undefined,
      urlKeys: urlKeys(component.name, component === trackers[0], trackers.length > 1),
    });
    this.#parents.set(component.name, parent);
    return parent;
  }

  #deliver(plan: DeliveryPlan): Delivery {
    const delivery = new Delivery(plan, this.#around);
    this.#open.add(delivery);
    void delivery.done.then(() => delivery.delivered && this.#open.delete(delivery));
    return delivery;
  }

  #startOf(component: TrackerComponent, startedAt: number, settings: Record<string, Json> | undefined) {
    const { run } = this.#options;
    return {
      experiment: run.experiment,
      group: run.name,
      startedAt,
      settings: settings?.[component.name] ?? settings?.[component.flavor] ?? {},
      ...(run.user !== undefined && { user: run.user }),
    };
  }

  #tags(): Record<string, string> {
    const { run } = this.#options;
    return { ...run.tags, 'mortise.run_id': run.id, 'mortise.run': run.name, 'mortise.pipeline': run.pipeline };
  }
}

/** `train`, `train[3]`, `train (attempt 2)`. */
function nameOf({ stepId, mapIndex, attempt }: MarkedAttempt): string {
  return `${stepId}${mapIndex === undefined ? '' : `[${mapIndex}]`}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
}

function urlKeys(component: string, first: boolean, several: boolean): string[] {
  return [...(first ? ['experiment_tracker_url'] : []), ...(several ? [`experiment_tracker_url:${component}`] : [])];
}

function undelivered(left: readonly Delivery[], limit: number): Undelivered[] {
  const byComponent = Map.groupBy(left, (delivery) => delivery.component);
  return Array.from(byComponent, ([component, deliveries]) => ({
    component,
    trackerRuns: deliveries.length,
    reason: deliveries.find((delivery) => delivery.failure !== undefined)?.failure ?? `no answer within ${limit} ms`,
  }));
}
