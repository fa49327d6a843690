import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Outcome, TrackerEvent, TrackerRunIdentity, TrackerRunRef, TrackerRunStart } from '@mortise/core';

/** One tracker run as the recording tracker holds it. */
export interface RecordedRun {
  identity: TrackerRunIdentity;
  start: TrackerRunStart;
  ref: TrackerRunRef;
  status: 'running' | Outcome['status'];
  /** Each event once, in the order in which they came. */
  events: TrackerEvent[];
  /** Sizes of the batches that came, repeats included. */
  batches: number[];
  outcome?: Outcome;
  endedAt?: number;
  supersededBy?: string;
}

/** What happened at the tracker, one line of the file each. Applying one again changes nothing, unless it is `raw`. */
type Entry =
  | { call: string }
  | { opened: TrackerRunIdentity; start: TrackerRunStart; ref: TrackerRunRef }
  | { batch: number; of: string }
  | { events: readonly TrackerEvent[]; of: string; raw?: boolean }
  | { closed: Outcome; endedAt: number; supersededBy?: string; of: string };

const NEWLINE = 10;

/** What recording trackers remember: in memory, or in a file that several processes share. */
export class Recording {
  /** Every call, as `open train`, `deliver train 3`, `close train completed`, also those that failed. */
  readonly calls: string[] = [];
  /** By key, in the order in which they were opened. */
  readonly runs = new Map<string, RecordedRun>();
  readonly file: string | undefined;
  readonly #seen = new Map<string, Set<string>>();
  #read = 0;

  constructor(file?: string) {
    this.file = file;
    if (file !== undefined) mkdirSync(dirname(file), { recursive: true });
    this.refresh();
  }

  /** Adds what happened. With a file the order of its lines decides, also among processes. */
  add(entry: Entry): void {
    if (this.file === undefined) return this.#apply(entry);
    appendFileSync(this.file, `${JSON.stringify(entry, writtenNumber)}\n`);
    this.refresh();
  }

  /** Takes in what other processes added. */
  refresh(): void {
    if (this.file === undefined || !existsSync(this.file)) return;
    const bytes = tailOf(this.file, this.#read);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.#read += end;
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
    for (const line of lines) this.#apply(JSON.parse(line, readNumber) as Entry);
  }

  #apply(entry: Entry): void {
    if ('call' in entry) this.calls.push(entry.call);
    else if ('opened' in entry) this.#open(entry.opened, entry.start, entry.ref);
    else if ('batch' in entry) this.runs.get(entry.of)!.batches.push(entry.batch);
    else if ('events' in entry) this.#take(this.runs.get(entry.of)!, entry.events, entry.raw === true);
    else close(this.runs.get(entry.of)!, entry.closed, entry.endedAt, entry.supersededBy);
  }

  #open(identity: TrackerRunIdentity, start: TrackerRunStart, ref: TrackerRunRef): void {
    if (this.runs.has(identity.key)) return;
    this.runs.set(identity.key, { identity, start, ref, status: 'running', events: [], batches: [] });
    this.#seen.set(identity.key, new Set());
  }

  #take(run: RecordedRun, events: readonly TrackerEvent[], raw: boolean): void {
    const seen = this.#seen.get(run.identity.key)!;
    for (const event of events) {
      const name = `${event.writer} ${event.seq}`;
      if (seen.has(name) && !raw) continue;
      seen.add(name);
      run.events.push(event);
    }
  }
}

/** The first end counts. */
function close(run: RecordedRun, outcome: Outcome, endedAt: number, supersededBy: string | undefined): void {
  if (run.status !== 'running') return;
  Object.assign(run, { status: outcome.status, outcome, endedAt }, supersededBy !== undefined && { supersededBy });
}

function tailOf(file: string, from: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - from));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from));
  } finally {
    closeSync(fd);
  }
}

/** JSON has no NaN and no infinities. */
function writtenNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value;
}

function readNumber(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && '$number' in value ? Number(value.$number) : value;
}
