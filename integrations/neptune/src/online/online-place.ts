import { Permanent, Transient, type TrackerRunRef } from '@mortise/core';

import type { RunFile } from '../experiment-tracker/run-files.ts';
import type { EventName, Refused, RunMemory, RunWrites, WrittenSnapshot } from '../experiment-tracker/run-memory.ts';
import type { RunPlace } from '../experiment-tracker/run-place.ts';
import { ingestWords, MAY_PASS, OF_THE_RUN, RUN_DUPLICATE, THERE_ALREADY } from '../wire/ingest-code.ts';
import type { RequestStatus } from '../wire/read-answers.ts';
import { writeCreateOperation, writeUpdateOperation } from '../wire/write-operations.ts';
import { processed, submit } from './ingest.ts';
import type { NeptuneSession } from './neptune-session.ts';
import { SessionMemory } from './session-memory.ts';
import { uploadFile } from './upload-file.ts';

/** Bytes of the snapshots of one request: Neptune takes 16 MiB. */
const LARGEST_REQUEST = 15_000_000;

export interface OnlineRun {
  session: NeptuneSession;
  project: string;
  runId: string;
  url: string;
  known: TrackerRunRef | undefined;
  /** Only what was refused before comes, not what a process has sent that died. */
  again: boolean;
  /** Tells a person something, once however often it is said. */
  warn(message: string): void;
}

/** A run at a server. */
export class OnlinePlace implements RunPlace {
  readonly #run: OnlineRun;
  readonly #memory: SessionMemory;
  /** Highest seq of each writer that was sent, perhaps in vain. */
  readonly #sent = new Map<string, number>();
  /** The first events that are sent may have come from a process that died before it could say so. */
  #first: boolean;

  constructor(run: OnlineRun) {
    this.#run = run;
    this.#memory = new SessionMemory(run.known);
    this.#first = !run.again;
  }

  get ref(): TrackerRunRef {
    const { runId, project, url } = this.#run;
    return { id: runId, url, ids: { neptune_run_id: runId, neptune_project: project }, state: this.#memory.saved() };
  }

  get memory(): RunMemory {
    return this.#memory;
  }

  async keepFile(file: RunFile, signal: AbortSignal): Promise<void> {
    const { session, project } = this.#run;
    await uploadFile(session, project, file, signal);
  }

  async write(make: (memory: RunMemory) => RunWrites, signal: AbortSignal): Promise<Refused[]> {
    signal.throwIfAborted();
    const writes = make(this.#memory);
    const { create, snapshots } = writes;
    if (create !== undefined) await this.#create(create, signal);
    const mayBeThere = this.#mayBeThere(snapshots);
    const refused = [...writes.refused];
    for (const batch of batches(snapshots)) refused.push(...(await this.#send(batch, mayBeThere, signal)));
    if (snapshots.some(({ event }) => event !== undefined)) this.#first = false;
    this.#memory.note(writes);
    return merged(refused);
  }

  rest(): void {}

  /** Was this event sent before, as far as anyone can know? */
  #mayBeThere(snapshots: readonly WrittenSnapshot[]): (event: EventName) => boolean {
    const before = new Map(this.#sent);
    const first = this.#first;
    for (const { event } of snapshots)
      if (event !== undefined) this.#sent.set(event.writer, Math.max(event.seq, this.#sent.get(event.writer) ?? 0));
    return ({ writer, seq }) => first || seq <= (before.get(writer) ?? 0);
  }

  async #create(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const { session, project } = this.#run;
    const ids = await submit(session, writeCreateOperation(this.#run, bytes), signal);
    const flaws = (await processed(session, project, ids, signal)).flatMap(flawsOf);
    const flaw = flaws.find(({ detail }) => detail !== RUN_DUPLICATE);
    if (flaw !== undefined) throw this.#failure(flaw);
    // Of a run that was not there nothing was sent before.
    if (flaws.length === 0) this.#first = false;
  }

  async #send(batch: readonly WrittenSnapshot[], mayBeThere: (event: EventName) => boolean, signal: AbortSignal): Promise<Refused[]> {
    const { session, project } = this.#run;
    const operation = writeUpdateOperation(
      this.#run,
      batch.map(({ bytes }) => bytes),
    );
    const ids = await submit(session, operation, signal);
    const statuses = await processed(session, project, ids, signal);
    const single = batch.length === 1;
    // What it is that was refused is not told: the events are sent again in halves.
    if (!single && ids.length !== batch.length) this.#throwAny(statuses);
    return batch.flatMap(({ event }, index) => this.#refusalsOf(event, single ? statuses : statuses.slice(index, index + 1), mayBeThere));
  }

  #refusalsOf(event: EventName | undefined, statuses: readonly RequestStatus[], mayBeThere: (event: EventName) => boolean): Refused[] {
    const flaws = statuses.flatMap(flawsOf);
    const fatal = flaws.find(({ detail }) => MAY_PASS.has(detail) || OF_THE_RUN.has(detail));
    if (fatal !== undefined) throw this.#failure(fatal);
    const told = flaws.filter(({ detail }) => !(THERE_ALREADY.has(detail) && event !== undefined && mayBeThere(event)));
    if (told.length === 0) return [];
    const why = `refused by Neptune: ${told.map(({ count, detail }) => `${ingestWords(detail)}${count > 1 ? ` (${count} values)` : ''}`).join('; ')}`;
    if (event !== undefined) return [{ ...event, why }];
    this.#run.warn(`Neptune does not show all that Mortise tells of the run itself: ${why}`);
    return [];
  }

  #throwAny(statuses: readonly RequestStatus[]): void {
    const flaw = statuses.flatMap(flawsOf).find(({ detail }) => !THERE_ALREADY.has(detail));
    if (flaw !== undefined) throw this.#failure(flaw);
  }

  #failure({ detail }: Flaw): Transient | Permanent {
    const { session, project } = this.#run;
    const message = `${session.server} refused what it was sent for ${project}: ${ingestWords(detail)}`;
    return MAY_PASS.has(detail) ? new Transient(message) : new Permanent(message);
  }
}

interface Flaw {
  count: number;
  detail: number;
}

function flawsOf({ counts }: RequestStatus): Flaw[] {
  return counts.filter(({ code }) => code !== 0).map(({ count, detail }) => ({ count, detail }));
}

function* batches(snapshots: readonly WrittenSnapshot[]): Generator<WrittenSnapshot[], void, undefined> {
  let batch: WrittenSnapshot[] = [];
  let size = 0;
  for (const snapshot of snapshots) {
    if (batch.length > 0 && size + snapshot.bytes.length > LARGEST_REQUEST) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(snapshot);
    size += snapshot.bytes.length + 8;
  }
  if (batch.length > 0) yield batch;
}

/** One refusal for each event, of which several snapshots may have been refused. */
function merged(refused: readonly Refused[]): Refused[] {
  const groups = Map.groupBy(refused, ({ writer, seq }) => `${seq} ${writer}`);
  return Array.from(groups.values(), ([first, ...rest]) => ({
    ...first!,
    why: [...new Set([first!, ...rest].map(({ why }) => why))].join('; '),
  }));
}
