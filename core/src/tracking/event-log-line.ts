import type { LoggedRecord } from '../store/tracking-data.ts';
import { crc32, CRC_OF_BYTE } from './crc32.ts';
import type { LoggedEvent } from './experiment-tracker.ts';

/**
 * One line of an event log: `crc32 SP json LF`, the checksum in 8 hex digits over the UTF-8 bytes of the JSON.
 * A torn line never parses, but a flipped bit often does: the checksum tells.
 */
const CRC_LENGTH = 9;
const SPACE = 0x20;
const LF = 0x0a;
const DIGITS = Buffer.from('0123456789abcdef');

/** Most lines are written here, one after the other. */
const shared = Buffer.allocUnsafe(1 << 16);
/** What the line in `shared` begins with: most begin like the one before. `end` is the first byte after it, `crc` the checksum of it, inverted. */
const head = { runId: '', writer: '', end: 0, crc: 0 };
/** When something happened, as it stands in a line: several things happen in one millisecond. */
const moment = { at: NaN, json: '' };
/** Views of `shared`, by length: to make one for each line would take longer than to find it. */
const views: Uint8Array[] = [];
/** Lines that are shorter are put together here, character by character: for so little the calls of another language cost more than the work. */
const SHORT = 1024;

/** What core adds to an event. Ids need no escaping in JSON. */
export interface EventOrigin {
  runId: string;
  writer: string;
  seq: number;
  at: number;
}

/** The bytes of an event's line. They are only valid until the next call: most lines share one buffer. */
export function encodeLine({ runId, writer, seq, at }: EventOrigin, event: LoggedEvent): Uint8Array {
  if (runId !== head.runId || writer !== head.writer) begin(runId, writer);
  if (at !== moment.at) Object.assign(moment, { at, json: `,"at":${at},` });
  // Ids and numbers go around the serialiser, which takes a third less time for it.
  const json = JSON.stringify(spellNumbers(event));
  const number = String(seq);
  const end = head.end + number.length + moment.json.length + json.length - 1;
  if (end >= SHORT || !putShort(number, json)) return longLine(`${number}${moment.json}${json.slice(1)}`);
  return (views[end] ??= shared.subarray(0, end + 1));
}

function begin(runId: string, writer: string): void {
  shared[CRC_LENGTH - 1] = SPACE;
  const end = CRC_LENGTH + shared.write(`{"runId":"${runId}","writer":"${writer}","seq":`, CRC_LENGTH);
  Object.assign(head, { runId, writer, end, crc: ~crc32(shared, CRC_LENGTH, end) });
}

/** Where the next character goes, and the checksum of those before it, inverted. */
const rest = { end: 0, crc: 0 };

/** False when there is something in it that is not ASCII. */
function putShort(number: string, json: string): boolean {
  rest.end = head.end;
  rest.crc = head.crc;
  put(number, 0);
  put(moment.json, 0);
  if (!put(json, 1)) return false;
  finish(shared, rest.end, ~rest.crc);
  return true;
}

function put(text: string, from: number): boolean {
  let { end, crc } = rest;
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    shared[end++] = unit;
    crc = (crc >>> 8) ^ CRC_OF_BYTE[(crc ^ unit) & 0xff]!;
  }
  rest.end = end;
  rest.crc = crc;
  return true;
}

function longLine(text: string): Uint8Array {
  // A UTF-16 unit takes at most three bytes in UTF-8.
  const line = head.end + text.length * 3 + 1 <= shared.length ? shared : copyOfHead(Buffer.byteLength(text));
  const end = head.end + line.write(text, head.end);
  finish(line, end, crc32(line, head.end, end, ~head.crc >>> 0));
  return line.subarray(0, end + 1);
}

/** With room for so many bytes more, and the end of the line. */
function copyOfHead(bytes: number): Buffer {
  const line = Buffer.allocUnsafe(head.end + bytes + 1);
  shared.copy(line, 0, 0, head.end);
  return line;
}

function finish(line: Buffer, end: number, checksum: number): void {
  for (let i = CRC_LENGTH - 2, left = checksum; i >= 0; i--, left >>>= 4) line[i] = DIGITS[left & 15]!;
  line[end] = LF;
}

/** The record of a line given without its LF, or undefined when the line is damaged. */
export function decodeLine(line: Buffer): LoggedRecord | undefined {
  if (line.length <= CRC_LENGTH || line[CRC_LENGTH - 1] !== SPACE) return undefined;
  const json = line.subarray(CRC_LENGTH);
  if (Number.parseInt(line.toString('latin1', 0, CRC_LENGTH - 1), 16) !== crc32(line, CRC_LENGTH, line.length)) return undefined;
  try {
    return readNumbers(JSON.parse(json.toString()) as LoggedRecord);
  } catch {
    return undefined;
  }
}

const RUN_ID = CRC_LENGTH + '{"runId":"'.length;
const WRITER = RUN_ID + 32 + '","writer":"'.length;
const SEQ = WRITER + 32 + '","seq":'.length;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Whose event a line holds, without parsing it; neither is its checksum looked at. undefined when it is no such line. */
export function lineOrigin(line: Buffer): Pick<EventOrigin, 'runId' | 'writer' | 'seq'> | undefined {
  if (line[RUN_ID + 32] !== QUOTE || line[WRITER + 32] !== QUOTE) return decodeLine(line);
  const seq = Number(line.toString('latin1', SEQ, line.indexOf(COMMA, SEQ)));
  return { runId: line.toString('latin1', RUN_ID, RUN_ID + 32), writer: line.toString('latin1', WRITER, WRITER + 32), seq };
}

/** JSON has no NaN and no infinities: metric values carry them as strings, and are never strings otherwise. */
function spellNumbers(event: LoggedEvent): object {
  if (event.kind !== 'metrics') return event;
  for (const name in event.values) if (!Number.isFinite(event.values[name])) return { ...event, values: mapValues(event.values, spell) };
  return event;
}

const spell = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

function readNumbers(record: LoggedRecord): LoggedRecord {
  if (record.kind !== 'metrics') return record;
  for (const name in record.values)
    if (typeof record.values[name] !== 'number') return { ...record, values: mapValues(record.values, Number) };
  return record;
}

function mapValues<T>(values: Record<string, number>, map: (value: number) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
