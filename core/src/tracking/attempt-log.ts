import { BadLogValue } from '../errors.ts';
import type { EventLog, WrittenRecord } from './event-log-writer.ts';
import type { Delivery } from './delivery.ts';
import type { EventQueue } from './event-queue.ts';
import type { LoggedEvent } from './experiment-tracker.ts';
import type { AttemptStart, AttemptTracking, SavedFile } from './run-tracking.ts';

/** A tracker run of the attempt, with the events that wait for it. */
export interface AttemptDelivery {
  delivery: Delivery;
  events: EventQueue;
}

/** What one attempt logs: into the event log, and from there to its trackers. */
export class AttemptLog implements AttemptTracking {
  readonly runId: string;
  readonly trackerRuns: readonly Delivery[];
  readonly keepsOutput: boolean;
  readonly #start: Pick<AttemptStart, 'saveFile'>;
  readonly #deliveries: readonly AttemptDelivery[];
  readonly #write: (runId: string, event: LoggedEvent, at?: number) => WrittenRecord;
  readonly #late: () => void;
  #nextSteps: Map<string, number> | undefined;
  #pending: Set<Promise<unknown>> | undefined;
  #ended = false;

  /** `late` is told of an event that comes after the end: it is not recorded. */
  constructor(
    start: Pick<AttemptStart, 'id' | 'saveFile'>,
    deliveries: readonly AttemptDelivery[],
    write: (runId: string, event: LoggedEvent, at?: number) => WrittenRecord,
    late: () => void,
  ) {
    this.runId = start.id;
    this.#start = start;
    this.#deliveries = deliveries;
    this.trackerRuns = deliveries.map(({ delivery }) => delivery);
    this.keepsOutput = this.trackerRuns.some((run) => run.keepsOutput);
    this.#write = write;
    this.#late = late;
  }

  append(event: LoggedEvent, at?: number): void {
    if (this.#ended) return this.#late();
    this.#deliver(this.#write(this.runId, event, at));
  }

  /** Takes an event that another process wrote for this attempt. */
  receive(written: WrittenRecord, log: EventLog): void {
    if (!this.#ended) this.#deliver(written, log);
  }

  nextStep(name: string, context: string | undefined): number {
    this.#nextSteps ??= new Map();
    const metric = context === undefined ? name : `${context}\0${name}`;
    const step = this.#nextSteps.get(metric) ?? 0;
    this.#nextSteps.set(metric, step + 1);
    return step;
  }

  saveFile(path: string, body: AsyncIterable<Uint8Array> | Uint8Array, size?: number): Promise<SavedFile> {
    if (this.#start.saveFile === undefined) throw new BadLogValue({ call: 'logArtifact', reason: 'there is no artifact store here' });
    return this.#start.saveFile(path, body, size);
  }

  pending<T>(work: Promise<T>): Promise<T> {
    const pending = (this.#pending ??= new Set());
    const over = (): boolean => pending.delete(work);
    pending.add(work);
    work.then(over, over);
    return work;
  }

  async settled(): Promise<void> {
    while (this.#pending !== undefined && this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  end(): void {
    this.#ended = true;
  }

  #deliver(written: WrittenRecord, log?: EventLog): void {
    const printed = written.record.kind === 'log';
    for (const { delivery, events } of this.#deliveries) {
      if (printed && !delivery.keepsOutput) continue;
      events.push(written, log);
      delivery.notify();
    }
  }
}
