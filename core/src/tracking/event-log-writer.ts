import { hash } from 'node:crypto';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

import { EventLogFailed } from '../errors.ts';
import { newId } from '../id.ts';
import { makeFolder } from '../make-folder.ts';
import { redactEvent } from '../secrets/redaction.ts';
import type { LoggedRecord } from '../store/tracking-data.ts';
import { encodeLine } from './event-log-line.ts';
import type { LoggedEvent } from './experiment-tracker.ts';
import { writeWhole } from './write-whole.ts';

/** One file of an event log. */
export interface Segment {
  readonly id: string;
  readonly path: string;
  /** ms since the epoch, UTC. */
  readonly openedAt: number;
  /** Bytes of whole lines. */
  size: number;
}

/** The files of one writer, in the order in which they were opened. */
export interface EventLog {
  readonly segments: readonly Segment[];
}

/** A record and where its line lies: bytes `from` (inclusive) to `to` (exclusive) of a segment, given by its index in `segments`. */
export interface WrittenRecord {
  record: LoggedRecord;
  segment: number;
  from: number;
  to: number;
}

/**
 * Writes what one process logs in one run, one line per event, in a file that is made at the first event. Once `append` has returned,
 * the event survives the end of the process (not a power cut). Writers are new for each process and run, so a `seq` is never given twice.
 */
export class EventLogWriter implements EventLog {
  readonly id: string;
  readonly #folder: string;
  readonly #segments: Segment[] = [];
  readonly #lastSeq = new Map<string, number>();
  #fd: number | undefined;

  constructor(folder: string, id = newId()) {
    this.#folder = folder;
    this.id = id;
  }

  /** In the order in which they were opened; all but the last are complete. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** `runId` is the step run's, `at` when it happened, ms since the epoch. Values of secrets are masked. Throws `EventLogFailed` when the event cannot be written; it then counts as not logged. */
  append(runId: string, given: LoggedEvent, at = Date.now()): WrittenRecord {
    const event = redactEvent(given);
    const seq = (this.#lastSeq.get(runId) ?? 0) + 1;
    const record = recordOf(event, runId, this.id, seq, at);
    const line = encodeLine(record, event);
    if (this.#fd === undefined || !this.#write(this.#fd, line)) this.#writeToNewSegment(line);
    const segment = this.#segments.length - 1;
    const file = this.#segments[segment]!;
    const from = file.size;
    file.size += line.length;
    this.#lastSeq.set(runId, seq);
    return { record, segment, from, to: file.size };
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** False when a line could not be finished: what is torn then ends this segment for good, since the next line would stick to it. */
  #write(fd: number, line: Uint8Array): boolean {
    try {
      writeWhole(fd, line);
      return true;
    } catch {
      this.close();
      return false;
    }
  }

  #writeToNewSegment(line: Uint8Array): void {
    const path = segmentPath(this.#folder, this.id, this.#segments.length + 1);
    let fd: number | undefined;
    try {
      makeFolder(this.#folder);
      fd = openSync(path, 'wx');
      writeWhole(fd, line);
    } catch (cause) {
      if (fd !== undefined) {
        closeSync(fd);
        unlinkSync(path);
      }
      throw new EventLogFailed({ path, reason: (cause as Error).message }, { cause });
    }
    this.#fd = fd;
    this.#segments.push({ id: segmentId(path), path, openedAt: Date.now(), size: 0 });
  }
}

/** Metrics come by the ten thousand: spelled out, they take half the time. */
function recordOf(event: LoggedEvent, runId: string, writer: string, seq: number, at: number): LoggedRecord {
  if (event.kind !== 'metrics' || event.context !== undefined) return { runId, writer, seq, at, ...event };
  const { kind, values, step } = event;
  return { runId, writer, seq, at, kind, values, step };
}

/** The same for all who find the file, so that a segment is never applied under two ids. */
export function segmentId(path: string): string {
  return hash('sha256', basename(path)).slice(0, 32);
}

/** The file of a writer's segment; `number` is from 1. */
export function segmentPath(folder: string, writer: string, number: number): string {
  return join(folder, number === 1 ? `${writer}.log` : `${writer}.${number}.log`);
}
