import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { EventLogReader, type LostEvents } from './event-log-reader.ts';
import { segmentId, segmentPath, type EventLog, type Segment, type WrittenRecord } from './event-log-writer.ts';

/** The event log that another process writes, as far as it has been read here. */
export class FollowedLog implements EventLog {
  readonly #folder: string;
  readonly #writer: string;
  readonly #segments: Segment[] = [];
  #reader: EventLogReader | undefined;
  #behind = false;

  constructor(folder: string, writer: string) {
    this.#folder = folder;
    this.#writer = writer;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** The last reading did not come to the end: a file could not be opened, or read. */
  get isBehind(): boolean {
    return this.#behind;
  }

  /**
   * Gives what was written since the last time, in order, to `take`; much of it in several turns, so that others have theirs.
   * @throws when events were lost, after the rest was given, and when a file cannot be read
   */
  async read(take: (written: WrittenRecord) => void): Promise<void> {
    const lost: LostEvents[] = [];
    try {
      await this.#readOn(take, lost);
      this.#behind = false;
    } catch (error) {
      this.#behind = true;
      throw error;
    }
    if (lost.length > 0) throw new Error(`${lost.reduce((sum, { count }) => sum + count, 0)} logged events are lost: ${lost[0]!.why}`);
  }

  async #readOn(take: (written: WrittenRecord) => void, lost: LostEvents[]): Promise<void> {
    while (this.#isThere()) {
      // Asked before reading: once there is a next segment, nothing more comes into this one.
      const over = existsSync(this.#nextPath);
      const batch = this.#reader!.read();
      lost.push(...batch.lost);
      const segment = this.#segments.length - 1;
      this.#segments[segment]!.size = this.#reader!.cursor.offset;
      for (const { record, from, to } of batch.records) take({ record, segment, from, to });
      if (batch.records.length + batch.lost.length > 0) await setImmediate();
      else if (over) this.#reader = undefined;
      else break;
    }
  }

  /** A writer begins its next segment when it is done with the last one. */
  #isThere(): boolean {
    if (this.#reader !== undefined) return true;
    const path = this.#nextPath;
    if (!existsSync(path)) return false;
    this.#segments.push({ id: segmentId(path), path, openedAt: Date.now(), size: 0 });
    this.#reader = new EventLogReader(path);
    return true;
  }

  get #nextPath(): string {
    return segmentPath(this.#folder, this.#writer, this.#segments.length + 1);
  }
}
