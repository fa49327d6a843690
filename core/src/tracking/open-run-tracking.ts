import { setMaxListeners } from 'node:events';
import { join } from 'node:path';

import { redactEvent } from '../secrets/redaction.ts';
import { CLAIM_MS } from '../store/claim-ms.ts';
import { AttemptLog, type AttemptDelivery } from './attempt-log.ts';
import { shortParams } from './attempt-params.ts';
import type { DeliveryPlan, DeliverySurroundings } from './delivery-plan.ts';
import { Delivery } from './delivery.ts';
import { EventLogWriter, type EventLog, type WrittenRecord } from './event-log-writer.ts';
import { EventQueue } from './event-queue.ts';
import type { LoggedEvent, Outcome } from './experiment-tracker.ts';
import { LastDeliveries } from './last-deliveries.ts';
import { LocalConsumer } from './local-consumer.ts';
import { FollowedLog } from './followed-log.ts';
import type {
  AttemptStart,
  AttemptTracking,
  FollowedWriter,
  RunTracking,
  RunTrackingOptions,
  TrackerComponent,
  Undelivered,
} from './run-tracking.ts';
import { parentSettings, readSettings } from './read-settings.ts';
import { trackerRunStart, metadataSuffixes } from './tracker-run-start.ts';
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
  /** The logs of child processes. */
  readonly #followed: { log: FollowedLog; local: LocalConsumer }[] = [];
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
    this.#local = this.#consumerOf(this.#writer);
    setMaxListeners(0, this.#stop.signal);
    this.#around = { store, log, stop: this.#stop.signal, openTimeoutMs: options.openTimeoutMs ?? OPEN_TIMEOUT_MS };
  }

  begin(attempt: AttemptStart): AttemptTracking {
    const tracking = new AttemptLog(
      attempt,
      this.#deliveriesOf(attempt),
      (runId, event, at) => this.#write(runId, event, at),
      () => this.#warnLate(attempt),
    );
    this.#attempts.set(attempt.id, tracking);
    const values = shortParams(attempt.params);
    if (values !== undefined) this.#tryToAppend(tracking, { kind: 'params', values });
    return tracking;
  }

  end(attemptId: string, outcome: Outcome, endedAt: number, supersededBy?: Promise<Record<string, string> | undefined>): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    this.#attempts.delete(attemptId);
    attempt.end();
    // An end now would pass over what could not be read: whoever delivers what is left finds it.
    if (this.#followed.some(({ log }) => log.isBehind)) return;
    const tell = (by?: Record<string, string>): void => {
      for (const delivery of attempt.trackerRuns) delivery.end(outcome, endedAt, by?.[delivery.component]);
    };
    if (supersededBy === undefined) tell();
    else void supersededBy.then(tell);
  }

  mark(attempt: MarkedAttempt, outcome: Outcome): void {
    for (const { delivery } of this.#deliveriesOf(attempt)) delivery.end(outcome, attempt.startedAt);
  }

  follow(writer: string): FollowedWriter {
    const { log, logFolder, run } = this.#options;
    const folder = join(logFolder, run.id);
    const followed = new FollowedLog(folder, writer);
    const local = this.#consumerOf(followed);
    this.#followed.push({ log: followed, local });
    let pulling = Promise.resolve();
    const take = (read: WrittenRecord): void => {
      // A child process comes to know of a new secret later than this one.
      const written = { ...read, record: redactEvent(read.record) };
      local.push(written);
      this.#attempts.get(written.record.runId)?.receive(written, followed);
    };
    const pull = (): Promise<void> =>
      (pulling = pulling.then(() => followed.read(take)).catch((error: unknown) => log.warn((error as Error).message)));
    return { folder, pull };
  }

  async apply(force = false): Promise<void> {
    await this.#local.apply(force);
    for (const { local } of this.#followed) await local.apply(force);
  }

  get url(): string | undefined {
    return [...this.#parents.values()].find((parent) => parent.url !== undefined)?.url;
  }

  get claim(): RunTracking['claim'] {
    if (this.#parents.size === 0) return {};
    // As long as it should take, and as much longer as a claim is good for.
    return { claim: { workerId: this.#options.workerId, ms: this.#drainTimeoutMs + CLAIM_MS, components: [...this.#parents.keys()] } };
  }

  async finish(outcome: Outcome, endedAt: number, hurry?: AbortSignal): Promise<Undelivered[]> {
    for (const [component, parent] of this.#parents) void this.#endAfterSteps(component, parent, outcome, endedAt);
    await this.apply(true);
    // An attempt that has not been ended here has been taken over, and with it its tracker runs, or is left to whoever delivers next.
    const due = [...this.#open].filter((delivery) => delivery.ended || this.#parents.get(delivery.component) === delivery);
    const last = new LastDeliveries(due, { ...this.#options, stop: this.#stop, limitMs: this.#drainTimeoutMs, hurry });
    await last.drained();
    const left = await this.#letGo(last.undelivered(this.#open));
    await this.#local.seal();
    for (const { log, local } of this.#followed) await (log.isBehind ? local.leave() : local.seal());
    await this.#releaseClaim();
    return last.undelivered(left);
  }

  /** Also where all was delivered: the claim covers what an earlier session left at the same component. */
  async #releaseClaim(): Promise<void> {
    const { store, run, workerId } = this.#options;
    for (const component of this.#parents.keys()) await store.releaseClaim({ runId: run.id, component, worker: { id: workerId } });
  }

  /** A parent is closed after its steps' tracker runs, and not before. */
  async #endAfterSteps(component: string, parent: Delivery, outcome: Outcome, endedAt: number): Promise<void> {
    const steps = [...this.#open].filter((delivery) => delivery !== parent && delivery.component === component && delivery.ended);
    await Promise.all(steps.map((delivery) => delivery.done));
    parent.end(outcome, endedAt);
  }

  async leave(): Promise<void> {
    await this.apply(true);
    await this.#letGo();
  }

  /** Stops delivering. Gives what is not delivered; why, is noted at the parents, which are the last to be. */
  async #letGo(undelivered: readonly Undelivered[] = []): Promise<ReadonlySet<Delivery>> {
    this.#stop.abort();
    const reasons = new Map(undelivered.map(({ component, reason }) => [this.#parents.get(component), reason]));
    const left = new Set(this.#open);
    const leaving = Array.from(left, (delivery) => delivery.leave(reasons.get(delivery)));
    if (left.size > 0) await withinTime(Promise.allSettled(leaving), LEAVE_MS);
    this.#writer.close();
    return left;
  }

  get #drainTimeoutMs(): number {
    return this.#options.drainTimeoutMs ?? DRAIN_TIMEOUT_MS;
  }

  #consumerOf(events: EventLog): LocalConsumer {
    const { store, log, run, workerId } = this.#options;
    return new LocalConsumer(events, { store, log, runId: run.id, workerId });
  }

  #write(runId: string, event: LoggedEvent, at?: number): WrittenRecord {
    const written = this.#writer.append(runId, event, at);
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
      const keepsOutput = component.tracker.capabilities.output === true;
      const events = new EventQueue(this.#writer, ({ runId, kind }) => runId === attempt.id && (kind !== 'log' || keepsOutput));
      const delivery = this.#deliver({
        component,
        row: async () => row,
        identity: {
          runId: run.id,
          stepId: attempt.stepId,
          ...(attempt.mapIndex !== undefined && { mapIndex: attempt.mapIndex }),
          attempt: attempt.attempt,
        },
        start: async () => {
          const settings = await readSettings(component, attempt.settings?.[component.name], { run, step: attempt });
          return trackerRunStart(run, attempt, { startedAt: attempt.startedAt, settings });
        },
        parent: this.#parentOf(component),
        events,
        metadataSuffixes: metadataSuffixes(row.component, index === 0, several),
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
      start: async () => {
        const settings = await readSettings(component, parentSettings(component, run.settings), { run, step: undefined });
        return trackerRunStart(run, undefined, { startedAt: run.startedAt, settings });
      },
      parent: undefined,
      events: undefined,
      // By now another process may have resumed the run, and ended it.
      stillEnds: async (endedAt) => ((await store.run(run.id))?.endedAt ?? endedAt) === endedAt,
      metadataSuffixes: metadataSuffixes(component.name, component === trackers[0], trackers.length > 1),
    });
    this.#parents.set(component.name, parent);
    return parent;
  }

  #deliver(plan: DeliveryPlan): Delivery {
    const delivery = new Delivery(plan, this.#around);
    this.#open.add(delivery);
    void delivery.done.then(() => {
      if (delivery.delivered) this.#open.delete(delivery);
    });
    return delivery;
  }
}
