import { isDeepStrictEqual } from 'node:util';

import {
  ArtifactNotFound,
  isError,
  Permanent,
  type Outcome,
  type ReadArtifact,
  type Receipt,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunRef,
} from '@mortise/core';
import { isWandbError, logTable, type FileSource, type RunWriter } from '@mortise/wandb-client';

import { asJson, Delivered, furthest, isWithin, keptNames, MARK, markOf, nameOf, type Progress, type StoredState } from './delivered.ts';
import { eventRefusal, withoutTaken } from './event-refusal.ts';
import { gatherRows, OWN_STEP } from './gather-rows.ts';
import { inRequests } from './in-requests.ts';
import { movedBy, untilEnded, WAITS } from './other-writers.ts';
import type { RunRecords } from './run-records.ts';
import { documentFile, fileOf, isVersioned, placeOf, tableOf, versionedArtifact } from './run-files.ts';
import { endedStory, exitCodeOf, lastWords, shownTags, STORY, type RunStory } from './run-story.ts';
import { splitSystem } from './system-rows.ts';
import { atWandb, trackerFailure } from './tracker-failure.ts';

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

export interface OpenedRun {
  records: RunRecords;
  story: RunStory;
  /** Tags that are no names with texts: those of the environment. */
  plainTags: readonly string[];
  /** ms since the epoch. */
  startedAt: number;
  known: StoredState | undefined;
  readArtifact: ReadArtifact | undefined;
  /** Only what was refused before comes: how far the run came says nothing of it. */
  again: boolean;
  /** Tells a person something, once however often it is said. */
  warn(message: string): void;
  /** Called once it has come to its end. */
  ended(): void;
}

type Refused = NonNullable<Receipt['rejected']>;
type FileEvent = TrackerEvent & { kind: 'artifact' | 'json' };

export class WandbTrackerRun implements TrackerRun<WandbRun> {
  readonly #opened: OpenedRun;
  readonly #records: RunRecords;
  /** Given to the writer; what it could not send yet goes with the next flush. */
  #given: Delivered;
  /** Safe. */
  #safe: Delivered;
  /** How far the run had come when it was opened. */
  readonly #before: Progress;
  /** Events that were refused for good, until a receipt tells of them. */
  #refused: Refused = [];
  /** All that were. */
  readonly #everRefused = new Set<string>();
  #story: RunStory;
  #safeStory: RunStory;
  /** The highest step that was given, and that is safe. */
  #ownStep: number;
  #safeOwnStep: number;
  /** The highest `_step` that others have taken; -1 if none has. */
  #othersStep: number;
  readonly #ended = Promise.withResolvers<void>();
  #closed = false;
  #toldMark: unknown;
  /** What the next process may build on, while the rest is left to a close that is still to come. */
  #stateBefore: StoredState | undefined;

  constructor(opened: OpenedRun) {
    this.#opened = opened;
    this.#records = opened.records;
    this.#story = this.#safeStory = opened.story;
    this.#before = furthest(opened.known, opened.records.mark);
    this.#safe = new Delivered(opened.again ? { ...this.#before, through: {} } : this.#before);
    this.#given = new Delivered(this.#safe.progress);
    const { known, records } = opened;
    this.#ownStep = this.#safeOwnStep = known?.ownStep ?? known?.step ?? -1;
    this.#othersStep = records.lastStep > (known?.step ?? -1) ? records.lastStep : -1;
  }

  get native(): WandbRun {
    const { mode, id, entity, project, writer } = this.#records;
    return { mode, id, writer, ...(entity !== undefined && { entity }), ...(project !== undefined && { project }) };
  }

  get ref(): TrackerRunRef {
    const { id, url, ids } = this.#records;
    return { id, ids, state: asJson(this.#stateBefore ?? this.#state), ...(url !== undefined && { url }) };
  }

  get #state(): StoredState {
    const { state, lastStep, isShared } = this.#records;
    const shared = isShared || this.#opened.known?.shared === true;
    return {
      ...{ ...this.#furthest(this.#safe), step: lastStep, ...state },
      ...(this.#safeOwnStep !== lastStep && { ownStep: this.#safeOwnStep }),
      ...(shared && { shared }),
    };
  }

  async deliver(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<Receipt> {
    signal.throwIfAborted();
    const before = this.#progress;
    try {
      await this.#untilAlone(signal);
      await atWandb(() => this.#takeIn(signal));
      await this.#send(events, signal, closing);
    } catch (error) {
      if (isError(error, Permanent) && events.length === 1) this.#everRefused.add(nameOf(events[0]!));
      // What came before it is safe, and need not come again.
      if (this.#progress === before || isError(error, Permanent) || signal.aborted) throw error;
    }
    return this.#receipt(events);
  }

  ending(): void {
    this.#ended.resolve();
  }

  /** A program that was told of the run asks once how many lines it has, and writes behind those: lines that others add meanwhile it writes over. */
  async #untilAlone(signal: AbortSignal): Promise<void> {
    if (!this.#records.isShared) return;
    this.#opened.warn(WAITS);
    await untilEnded(this.#ended.promise, signal);
  }

  #furthest({ progress }: Delivered): Progress {
    return furthest(this.#before, progress, { through: {}, refused: keptNames(this.#everRefused) });
  }

  get #progress(): string {
    return JSON.stringify(this.#safe.progress);
  }

  /** Is there anything given that is not safe? */
  get #waits(): boolean {
    return this.#progress !== JSON.stringify(this.#given.progress);
  }

  #receipt(events: readonly TrackerEvent[]): Receipt {
    const through: Record<string, number> = {};
    const open = new Set<string>();
    for (const event of events) {
      if (!this.#safe.has(event)) open.add(event.writer);
      // What came again before may be behind one that is not there yet.
      else if (!open.has(event.writer)) through[event.writer] = event.seq;
    }
    const rejected = this.#refused.filter((refused) => this.#safe.has(refused));
    this.#refused = this.#refused.filter((refused) => !this.#safe.has(refused));
    return { through, ref: this.ref, ...(rejected.length > 0 && { rejected }) };
  }

  /** What another process wrote meanwhile. */
  async #takeIn(signal: AbortSignal): Promise<void> {
    const { lastStep } = this.#records;
    const mark = await this.#records.refresh(signal);
    if (this.#records.lastStep > lastStep) this.#othersStep = this.#records.lastStep;
    if (mark === undefined || this.#opened.again) return;
    const arrived = new Delivered();
    arrived.add(mark);
    const given = Object.entries(this.#given.progress.through);
    const waits = given.some(([writer, seq]) => !this.#safe.has({ writer, seq }));
    // The answer was lost, and the lines were not.
    if (waits && given.every(([writer, seq]) => arrived.has({ writer, seq }))) this.#records.discard();
    this.#safe.add(mark);
    this.#given.add(mark);
  }

  /** In parts that end with a file, since files are uploaded one by one. */
  async #send(events: readonly TrackerEvent[], signal: AbortSignal, closing: boolean): Promise<void> {
    const part: TrackerEvent[] = [];
    // What waits since a failure goes by itself, too.
    if (this.#waits) await this.#sendPart([], signal);
    for (const event of events) {
      if (this.#given.has(event)) continue;
      const why = eventRefusal(event);
      if (why !== undefined) this.#refuse(event, why);
      // The rest of it was taken when it came first.
      if (why !== undefined && (this.#opened.again || isWithin(event, this.#before))) this.#given.mark(event);
      else if (!isFile(event)) part.push(why === undefined ? event : withoutTaken(event));
      else {
        await this.#sendParts(part.splice(0), signal);
        if (why === undefined) await this.#upload(event, signal);
        this.#given.mark(event);
      }
    }
    await this.#sendParts(part, signal, closing);
  }

  async #sendParts(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<void> {
    const parts = this.#records.mode === 'online' ? inRequests(events) : [events];
    for (const [at, part] of parts.entries()) await this.#sendPart(part, signal, closing && at === parts.length - 1);
  }

  async #sendPart(events: readonly TrackerEvent[], signal: AbortSignal, closing = false): Promise<void> {
    const isLeft = closing && this.#records.mode === 'offline';
    if (isLeft) this.#stateBefore ??= this.#state;
    this.#give(events);
    if (this.#waits) this.#tellMark();
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
    const mark = markOf(this.#story.key, this.#furthest(this.#given));
    // Offline the one that was told lies with what waits, and with each try another one would.
    if (!marks || (mode === 'offline' && isDeepStrictEqual(mark, this.#toldMark))) return;
    this.#toldMark = mark;
    writer.summary({ [MARK]: mark });
  }

  #settle(): void {
    this.#safeOwnStep = this.#ownStep;
    this.#safeStory = this.#story;
    this.#safe = new Delivered(this.#given.progress);
  }

  /** What was refused is not to stand in the way of the rest. */
  #takeBack(): void {
    this.#records.discard();
    this.#given = new Delivered(this.#safe.progress);
    // The one that waited tells of what was refused.
    this.#tellMark();
    this.#ownStep = this.#safeOwnStep;
    this.#story = this.#safeStory;
  }

  #give(events: readonly TrackerEvent[]): void {
    const { writer, lastStep } = this.#records;
    const before = this.#story;
    for (const event of events) {
      this.#giveOne(event);
      if (this.#opened.again) this.#given.markAgain(event);
      else this.#given.mark(event);
    }
    if (this.#story !== before) writer.config({ [STORY]: this.#story });
    if (this.#story.tags !== before.tags) writer.describe({ tags: shownTags(this.#story.tags, this.#opened.plainTags) });
    // After the definitions of metrics.
    const { startedAt } = this.#opened;
    const { metrics, system } = splitSystem(
      events.filter((event) => event.kind === 'metrics'),
      startedAt,
    );
    if (system.length > 0) writer.systemMetrics(system);
    if (metrics.length === 0) return;
    const { rows, late, moved, ownStep } = gatherRows(metrics, { lastStep, ownStep: this.#ownStep, startedAt });
    writer.history(rows);
    if (moved) this.#warnOfMoved(this.#ownStep);
    this.#ownStep = ownStep;
    for (const name of late) this.#warnOfLate(name);
  }

  #giveOne(event: TrackerEvent): void {
    const { writer } = this.#records;
    switch (event.kind) {
      case 'params':
        return writer.config(event.values);
      case 'tags': {
        const tags = { ...this.#story.tags, ...event.set };
        for (const name of event.remove ?? []) delete tags[name];
        this.#story = { ...this.#story, tags };
        return;
      }
      case 'note':
        return writer.describe({ notes: event.markdown });
      case 'dataset': {
        const { name, digest, source, context } = event;
        const dataset = {
          name,
          ...(digest !== undefined && { digest }),
          ...(source !== undefined && { source }),
          ...(context !== undefined && { context }),
        };
        this.#story = { ...this.#story, datasets: [...(this.#story.datasets ?? []), dataset] };
        return;
      }
      case 'define-metric': {
        const { name, summary, goal, stepMetric } = event;
        return writer.defineMetric({
          name,
          summary: [summary],
          ...(goal !== undefined && { goal }),
          ...(stepMetric !== undefined && { stepMetric }),
        });
      }
      case 'log':
        return writer.output(linesOf(event.text).map((text) => ({ stream: event.stream, text, at: event.at })));
      default:
        return;
    }
  }

  async #upload(event: FileEvent, signal: AbortSignal): Promise<void> {
    const { writer } = this.#records;
    try {
      if (event.kind === 'json') return await this.#putDocument(event, signal);
      const read = this.#opened.readArtifact;
      if (read === undefined) throw new ArtifactNotFound({ what: event.uri, where: 'nothing can read it here' });
      if (isVersioned(event)) await writer.artifact(versionedArtifact(event, read), signal);
      else await this.#putFile(event.path, fileOf(event, read), signal);
    } catch (error) {
      const refused = isError(error, ArtifactNotFound) || (isWandbError(error) && error.kind === 'invalid');
      if (!refused) throw isWandbError(error) ? trackerFailure(error) : error;
      const path = event.kind === 'artifact' ? event.path : event.name;
      this.#refuse(event, `"${path}" was not uploaded: ${(error as Error).message}`);
    }
  }

  async #putDocument(event: FileEvent & { kind: 'json' }, signal: AbortSignal): Promise<void> {
    const { writer, id } = this.#records;
    const logged = tableOf(event);
    if (logged !== undefined) return logTable(writer, id, logged.name, logged.table, signal);
    const { path, source, shown } = documentFile(event);
    await this.#putFile(path, source, signal);
    if (shown !== undefined) writer.summary(shown);
  }

  async #putFile(path: string, source: FileSource, signal: AbortSignal): Promise<void> {
    const place = placeOf(path);
    if (place !== path)
      this.#opened.warn(`W&B keeps a file "${path}" of its own for each run: the one that was logged is "${place}" there`);
    await this.#records.writer.file(place, source, signal);
  }

  async close(outcome: Outcome, endedAt: number, signal: AbortSignal, supersededBy?: string): Promise<TrackerRunRef> {
    signal.throwIfAborted();
    if (this.#closed) return this.ref;
    return atWandb(async () => {
      await this.#takeIn(signal);
      const { writer } = this.#records;
      if (this.#story.ended_at === undefined) {
        this.#story = endedStory(this.#story, outcome, endedAt, supersededBy);
        writer.config({ [STORY]: this.#story });
        writer.output(lastWords(outcome).map((text) => ({ stream: 'err', text, at: endedAt })));
      }
      const runtime = Math.max(0, Date.parse(this.#story.ended_at!) - this.#opened.startedAt) / 1_000;
      await writer.exit(exitCodeOf(this.#story.status), runtime, signal);
      this.#stateBefore = undefined;
      this.#closed = true;
      this.#opened.ended();
      return this.ref;
    });
  }

  #refuse({ writer, seq }: TrackerEvent, why: string): void {
    this.#refused.push({ writer, seq, why });
    this.#everRefused.add(nameOf({ writer, seq }));
  }

  /** What follows is moved for the same reason. */
  #warnOfMoved(ownStep: number): void {
    if (this.#othersStep > ownStep) this.#opened.warn(movedBy(this.#othersStep));
  }

  #warnOfLate(name: string): void {
    this.#opened.warn(
      `W&B takes steps in rising order: points of "${name}" came when it had a row of their step, or of later ones, and are in rows of their own at its next steps. Their own step is in "${OWN_STEP}"`,
    );
  }
}

function isFile(event: TrackerEvent): event is FileEvent {
  return event.kind === 'artifact' || event.kind === 'json';
}

/** A line end at the end begins no other line. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines;
}
