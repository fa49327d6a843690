import { isDeepStrictEqual } from 'node:util';

import { isError, Permanent, type Outcome, type Receipt, type TrackerEvent, type TrackerRun, type TrackerRunRef } from '@mortise/core';
import type { RunWriter } from '@mortise/wandb-client';

import { asJson, furthest, MARK, markOf, type StoredState } from './delivered.ts';
import { eventRefusal, withoutTaken } from './event-refusal.ts';
import { EventWriter, type WrittenRun } from './event-writer.ts';
import { inRequests } from './in-requests.ts';
import { untilEnded, WAITS } from './other-writers.ts';
import { RunProgress } from './run-progress.ts';
import type { RunRecords } from './run-records.ts';
import { exitCodeOf, shownTags } from './run-story.ts';
import { atWandb } from './tracker-failure.ts';
import { isFile, uploadEvent, type FileEvent, type Upload } from './upload-event.ts';

/** What `activeRun(wandb).native()` gives: the run's writer, and which run it is. */
export interface WandbRun {
  mode: 'online' | 'offline' | 'disabled';
  /** The id of the W&B run. */
  id: string;
  entity?: string;
  project?: string;
  /** Rows that are written past Mortise must have a `_step` above all others. */
  writer: RunWriter;
}

export interface OpenedRun extends WrittenRun, Upload {
  /** Only what was refused before comes. */
  again: boolean;
  /** Called once it has come to its end. */
  ended(): void;
}

export class WandbTrackerRun implements TrackerRun<WandbRun> {
  readonly #opened: OpenedRun;
  readonly #records: RunRecords;
  readonly #progress: RunProgress;
  readonly #events: EventWriter;
  readonly #ended = Promise.withResolvers<void>();
  #closed = false;
  #toldMark: unknown;
  /** What the next process may build on, while the rest is left to a close that is still to come. */
  #stateBefore: StoredState | undefined;

  constructor(opened: OpenedRun) {
    this.#opened = opened;
    this.#records = opened.records;
    this.#progress = new RunProgress(furthest(opened.known, opened.records.mark), opened.again);
    this.#events = new EventWriter(opened);
  }

  get native(): WandbRun {
    const { mode, id, entity, project, writer } = this.#records;
    return { mode, id, writer, ...(entity !== undefined && { entity }), ...(project !== undefined && { project }) };
  }

  get ref(): TrackerRunRef {
    const { id, url, ids } = this.#records;
    return { id, ids, state: asJson(this.#stateBefore ?? this.#state), ...(url !== undefined && { url }) };
  }

  /** As W&B shows them. */
  get tags(): string[] {
    return shownTags(this.#events.story.tags, this.#opened.plainTags);
  }

  get #state(): StoredState {
    const { state, lastStep, isShared } = this.#records;
    const { safeOwnStep: ownStep } = this.#events;
    const shared = isShared || this.#opened.known?.shared === true;
    return { ...{ ...this.#progress.safe, step: lastStep, ...state }, ...(ownStep !== lastStep && { ownStep }), ...(shared && { shared }) };
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<Receipt> {
    signal.throwIfAborted();
    const before = this.#progress.reached;
    try {
      await this.#untilAlone(signal);
      await atWandb(() => this.#takeIn(signal));
      await this.#send(events, signal, closing);
    } catch (error) {
      // It is told by the error itself.
      if (isError(error, Permanent) && events.length === 1) this.#progress.refuse(events[0]!);
      // What came before it is safe, and need not come again.
      if (this.#progress.reached === before || isError(error, Permanent) || signal.aborted) throw error;
    }
    return { ...this.#progress.receipt(events), ref: this.ref };
  }

  ending(): void {
    this.#ended.resolve();
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    if (this.#closed) return this.ref;
    return atWandb(async () => {
      await this.#takeIn(signal);
      this.#events.end(outcome, endedAt, supersededBy);
      const { status, ended_at: end } = this.#events.story;
      const runtime = Math.max(0, Date.parse(end!) - this.#opened.startedAt) / 1_000;
      await this.#records.writer.exit(exitCodeOf(status), runtime, signal);
      this.#stateBefore = undefined;
      this.#closed = true;
      this.#opened.ended();
      return this.ref;
    });
  }

  /** A program that was told of the run asks once how many lines it has, and writes behind those: lines that others add meanwhile it writes over. */
  async #untilAlone(signal: AbortSignal): Promise<void> {
    if (!this.#records.isShared) return;
    this.#opened.warn(WAITS);
    await untilEnded(this.#ended.promise, signal);
  }

  /** What another process wrote meanwhile. */
  async #takeIn(signal: AbortSignal): Promise<void> {
    const { lastStep } = this.#records;
    const mark = await this.#records.refresh(signal);
    if (this.#records.lastStep > lastStep) this.#events.moveBehindOthers();
    if (mark !== undefined && this.#progress.takeIn(mark)) this.#records.discard();
  }

  /** In parts that end with a file, since files are uploaded one by one. */
  async #send(events: readonly TrackerEvent[], signal: AbortSignal, closing: boolean): Promise<void> {
    const part: TrackerEvent[] = [];
    // What waits since a failure goes by itself, too.
    if (this.#progress.waits) await this.#sendPart([], signal);
    for (const event of events) {
      if (this.#progress.isGiven(event)) continue;
      const why = eventRefusal(event);
      if (why !== undefined) this.#progress.refuse(event, why);
      // The rest of it was taken when it came first.
      if (why !== undefined && this.#progress.isOld(event)) this.#progress.pass(event);
      else if (!isFile(event)) part.push(why === undefined ? event : withoutTaken(event));
      else {
        await this.#sendParts(part.splice(0), signal);
        if (why === undefined) await this.#upload(event, signal);
        this.#progress.pass(event);
      }
    }
    await this.#sendParts(part, signal, closing);
  }

  async #upload(event: FileEvent, signal: AbortSignal): Promise<void> {
    const why = await uploadEvent(event, this.#opened, signal);
    if (why !== undefined) this.#progress.refuse(event, why);
  }

  async #sendParts(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<void> {
    const parts = this.#records.mode === 'online' ? inRequests(events) : [events];
    for (const [at, part] of parts.entries()) await this.#sendPart(part, signal, closing && at === parts.length - 1);
  }

  async #sendPart(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<void> {
    const isLeft = closing && this.#records.mode === 'offline';
    if (isLeft) this.#stateBefore ??= this.#state;
    this.#events.write(events);
    for (const event of events) this.#progress.give(event);
    if (this.#progress.waits) this.#tellMark();
    // With the close that follows, unless a server could refuse it.
    if (isLeft) return this.#settle();
    try {
      await atWandb(() => this.#records.writer.flush(signal));
    } catch (error) {
      if (isError(error, Permanent)) this.#takeBack();
      throw error;
    }
    this.#stateBefore = undefined;
    this.#settle();
  }

  #tellMark(): void {
    const { marks, mode, writer } = this.#records;
    const mark = markOf(this.#events.story.key, this.#progress.given);
    // Offline the one that was told lies with what waits, and with each try another one would.
    if (!marks || (mode === 'offline' && isDeepStrictEqual(mark, this.#toldMark))) return;
    this.#toldMark = mark;
    writer.summary({ [MARK]: mark });
  }

  #settle(): void {
    this.#progress.settle();
    this.#events.settle();
  }

  /** What was refused is not to stand in the way of the rest. */
  #takeBack(): void {
    this.#records.discard();
    this.#progress.takeBack();
    // The one that waited tells of what was refused.
    this.#tellMark();
    this.#events.takeBack();
  }
}
