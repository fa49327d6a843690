import { closeSync, fstatSync, readSync } from 'node:fs';

import type { LoggedRecord } from '../store/tracking-data.ts';
import { decodeLine } from './event-log-line.ts';
import { openIfThere } from './open-if-there.ts';

/** A place between two lines of a segment: bytes, and the number of lines before it. */
export interface LogCursor {
  offset: number;
  events: number;
}

/** Events that were logged and cannot be read any more. */
export interface LostEvents {
  count: number;
  why: string;
}

export interface LogBatch {
  /** In the order in which they were logged, with the bytes `from` (inclusive) to `to` (exclusive) of their lines. */
  records: { record: LoggedRecord; from: number; to: number }[];
  lost: LostEvents[];
}

const LF = 0x0a;
const CHUNK = 1 << 18;

/**
 * Reads a segment from a cursor on. It stops at the last LF: what follows is a line that is being written, or was when its writer died.
 * Damaged lines are left out and reported; nothing about a file's content makes it throw.
 */
export class EventLogReader {
  readonly #path: string;
  #cursor: LogCursor;
  /** Its first cursor has been checked: those after it are its own. */
  #begun = false;

  constructor(path: string, cursor: LogCursor = { offset: 0, events: 0 }) {
    this.#path = path;
    this.#cursor = cursor;
  }

  get cursor(): LogCursor {
    return this.#cursor;
  }

  /** The next whole lines, about `bytes` of them. Empty at the (present) end. */
  read(bytes = CHUNK): LogBatch {
    const fd = openIfThere(this.#path);
    try {
      const size = fd === undefined ? 0 : fstatSync(fd).size;
      if (this.#cursor.offset > size) return { records: [], lost: [this.#stepBack(`is ${size} bytes long`)] };
      if (!this.#begun && fd !== undefined && !followsLine(fd, this.#cursor.offset))
        return { records: [], lost: [this.#stepBack('holds nothing at its end any more')] };
      this.#begun = true;
      return fd === undefined ? { records: [], lost: [] } : this.#decode(readLines(fd, this.#cursor.offset, size, bytes));
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  #decode(lines: Buffer): LogBatch {
    const batch: LogBatch = { records: [], lost: [] };
    const start = this.#cursor.offset;
    let events = 0;
    for (let from = 0; from < lines.length; events++) {
      const end = lines.indexOf(LF, from);
      const record = decodeLine(lines.subarray(from, end));
      if (record === undefined) batch.lost.push({ count: 1, why: `the line at byte ${start + from} of ${this.#path} is damaged` });
      else batch.records.push({ record, from: start + from, to: start + end + 1 });
      from = end + 1;
    }
    this.#cursor = { offset: start + lines.length, events: this.#cursor.events + events };
    return batch;
  }

  /** The file has lost its end behind the cursor's back. Without going back, reading on would give nothing for ever, or begin amid a line. */
  #stepBack(found: string): LostEvents {
    const { offset, events } = this.#cursor;
    const whole = new EventLogReader(this.#path);
    for (let batch = whole.read(); batch.records.length + batch.lost.length > 0;) batch = whole.read();
    this.#cursor = whole.cursor;
    return { count: Math.max(0, events - whole.cursor.events), why: `${this.#path} ${found}, but was read up to byte ${offset}` };
  }
}

/** Whether a place is where a line begins. After a power cut the end of a file may be there, but filled with zeros. */
function followsLine(fd: number, offset: number): boolean {
  const before = Buffer.alloc(1);
  return offset === 0 || (readSync(fd, before, 0, 1, offset - 1) === 1 && before[0] === LF);
}

/** The whole lines of a segment as they are, in chunks. Nothing when there is no such file. */
export function* eachLine(path: string): Generator<{ line: Buffer; to: number }[]> {
  for (let offset = 0; ;) {
    const chunk = chunkAt(path, offset);
    if (chunk.length === 0) return;
    const lines: { line: Buffer; to: number }[] = [];
    for (let from = 0; from < chunk.length;) {
      const end = chunk.indexOf(LF, from);
      lines.push({ line: chunk.subarray(from, end), to: offset + end + 1 });
      from = end + 1;
    }
    yield lines;
    offset += chunk.length;
  }
}

function chunkAt(path: string, offset: number): Buffer {
  const fd = openIfThere(path);
  if (fd === undefined) return Buffer.alloc(0);
  try {
    return readLines(fd, offset, Math.max(offset, fstatSync(fd).size), CHUNK);
  } finally {
    closeSync(fd);
  }
}

/** The whole lines from `offset` on: about `bytes`, but at least one line if there is one. */
function readLines(fd: number, offset: number, size: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(Math.min(bytes, size - offset));
  let filled = 0;
  while (filled < buffer.length) {
    const read = readSync(fd, buffer, filled, buffer.length - filled, offset + filled);
    if (read === 0) break;
    filled += read;
  }
  const end = buffer.subarray(0, filled).lastIndexOf(LF) + 1;
  if (end === 0 && filled === bytes) return readLines(fd, offset, size, bytes * 4);
  return buffer.subarray(0, end);
}
