import { EventLogReader } from './event-log-reader.ts';
import type { EventLogWriter, WrittenRecord } from './event-log-writer.ts';
import type { LoggedRecord } from '../store/metadata-store.ts';

/** Most events that one consumer of the log keeps in memory. What is beyond is read from the log again when its turn comes. */
export const EVENTS_IN_MEMORY = 10_000;

/** The events of a log that one consumer has still to take, in order, in bounded memory. */
export class EventQueue {
  readonly #log: EventLogWriter;
  readonly #takes: (record: LoggedRecord) => boolean;
  #events: WrittenRecord[] = [];
  #head = 0;
  /** From the first event that found no room in memory on: where to read, and how many were put there. */
  #rest: { segment: number; reader: EventLogReader; count: number } | undefined;

  /** `takes` says which events of the log are this consumer's: those that are given to `push`. */
  constructor(log: EventLogWriter, takes: (record: LoggedRecord) => boolean) {
    this.#log = log;
    this.#takes = takes;
  }

  get size(): number {
    return this.#events.length - this.#head + (this.#rest?.count ?? 0);
  }

  push(event: WrittenRecord): void {
    if (this.#rest !== undefined) this.#rest.count++;
    else if (this.#events.length - this.#head < EVENTS_IN_MEMORY) this.#events.push(event);
    else this.#rest = { segment: event.segment, reader: this.#readerOf(event.segment, event.from), count: 1 };
  }

  /** The next events, at most `most`, at least one if there is one. They stay until `shift`. */
  peek(most: number): WrittenRecord[] {
    if (this.#head === this.#events.length) this.#refill();
    return this.#events.slice(this.#head, this.#head + most);
  }

  /** Removes the first `count` events. */
  shift(count: number): void {
    this.#head += count;
    if (this.#head * 2 < this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }

  #refill(): void {
    this.#events = [];
    this.#head = 0;
    while (this.#rest !== undefined && this.#events.length < EVENTS_IN_MEMORY) {
      const { segment, reader } = this.#rest;
      const { records, lost } = reader.read();
      for (const { record, from, to } of records) if (this.#takes(record)) this.#events.push({ record, segment, from, to });
      if (records.length + lost.length > 0) continue;
      // The end of this segment: the next one follows, or all has been read.
      this.#rest =
        segment + 1 < this.#log.segments.length
          ? { ...this.#rest, segment: segment + 1, reader: this.#readerOf(segment + 1, 0) }
          : undefined;
    }
    if (this.#rest !== undefined) this.#rest.count = Math.max(0, this.#rest.count - this.#events.length);
  }

  #readerOf(segment: number, offset: number): EventLogReader {
    return new EventLogReader(this.#log.segments[segment]!.path, { offset, events: 0 });
  }
}
