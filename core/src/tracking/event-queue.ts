import { EventLogReader } from './event-log-reader.ts';
import type { EventLog, WrittenRecord } from './event-log-writer.ts';
import type { LoggedRecord } from '../store/tracking-data.ts';
import type { EventSource } from './event-source.ts';

/** Most events that one consumer of the log keeps in memory. What is beyond is read from the log again when its turn comes. */
export const EVENTS_IN_MEMORY = 10_000;

/** From the first event that found no room in memory on: where to read, and how many were put there. */
interface Rest {
  log: EventLog;
  segment: number;
  reader: EventLogReader;
  count: number;
}

/** The events that one consumer of the log has still to take, in order, in bounded memory. */
export class EventQueue implements EventSource {
  readonly #log: EventLog;
  readonly #takes: (record: LoggedRecord) => boolean;
  #events: WrittenRecord[] = [];
  #head = 0;
  /** One per log whose events found no room. */
  #rests: Rest[] = [];

  /** `takes` says which events of the log are this consumer's: those that are given to `push`. */
  constructor(log: EventLog, takes: (record: LoggedRecord) => boolean) {
    this.#log = log;
    this.#takes = takes;
  }

  get size(): number {
    return this.#rests.reduce((size, { count }) => size + count, this.#events.length - this.#head);
  }

  /** `log`: where the event was written, if not in the queue's own log (a child process has one of its own). */
  push(event: WrittenRecord, log = this.#log): void {
    const rest = this.#rests.length === 0 ? undefined : this.#rests.find((each) => each.log === log);
    if (rest !== undefined) rest.count++;
    else if (this.#rests.length === 0 && this.#events.length - this.#head < EVENTS_IN_MEMORY) this.#events.push(event);
    else this.#rests.push({ log, segment: event.segment, reader: readerOf(log, event.segment, event.from), count: 1 });
  }

  /** The next events, at most `most`, at least one if there is one. They stay until `shift`. */
  peek(most: number): WrittenRecord[] {
    if (this.#events.length - this.#head < most) this.#refill(most);
    return this.#events.slice(this.#head, this.#head + most);
  }

  /** Removes the first `count` events. */
  shift(count: number): void {
    this.#head += count;
    if (this.#head * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }

  /** Reads what is wanted now and not all that has room: reading keeps everybody else waiting. */
  #refill(wanted: number): void {
    if (this.#rests.length === 0) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
    for (let rest = this.#rests[0]; rest !== undefined && this.#events.length < wanted; rest = this.#rests[0]) {
      const { log, segment, reader } = rest;
      const { records, lost } = reader.read();
      const end = log.segments[segment]!.size;
      // Another process may have written more than was pushed yet: that stays for its own turn.
      const pushed = records.filter(({ to }) => to <= end);
      if (pushed.length < records.length) rest.reader = readerOf(log, segment, end);
      const before = this.#events.length;
      for (const { record, from, to } of pushed) if (this.#takes(record)) this.#events.push({ record, segment, from, to });
      rest.count = Math.max(0, rest.count - (this.#events.length - before));
      if (pushed.length > 0 || (lost.length > 0 && records.length === 0)) continue;
      // The end of this segment: the next one follows, or all has been read.
      if (segment + 1 < log.segments.length) this.#rests[0] = { ...rest, segment: segment + 1, reader: readerOf(log, segment + 1, 0) };
      else this.#rests.shift();
    }
  }
}

function readerOf(log: EventLog, segment: number, offset: number): EventLogReader {
  return new EventLogReader(log.segments[segment]!.path, { offset, events: 0 });
}
