import { execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { EventLogReader } from './event-log-reader.ts';
import { EventLogWriter, type WrittenRecord } from './event-log-writer.ts';
import { EVENTS_IN_MEMORY, EventQueue } from './event-queue.ts';
import type { LoggedEvent } from './experiment-tracker.ts';

// Processes are started here, which takes long on a busy machine.

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-log-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const metric = (loss: number): LoggedEvent => ({ kind: 'metrics', values: { loss }, step: 0 });

function readAll(path: string) {
  const reader = new EventLogReader(path);
  const all: { records: ReturnType<EventLogReader['read']>['records']; lost: number } = { records: [], lost: 0 };
  for (;;) {
    const { records, lost } = reader.read();
    if (records.length + lost.length === 0) return all;
    all.records.push(...records);
    for (const { count } of lost) all.lost += count;
  }
}

describe('the writer', () => {
  test('a line is a checksum, a space and JSON, and carries the id of the step run', () => {
    const writer = new EventLogWriter(folder);
    const { record } = writer.append('run1', metric(0.5));
    writer.close();
    const text = readFileSync(writer.segments[0]!.path, 'utf8');
    expect(text).toMatch(/^[0-9a-f]{8} \{.*\}\n$/);
    expect(JSON.parse(text.slice(9))).toEqual(record);
    expect(record).toMatchObject({ runId: 'run1', writer: writer.id, seq: 1, kind: 'metrics' });
  });

  test('seq has no gaps within a step run, however the events of several mix', () => {
    const writer = new EventLogWriter(folder);
    const seqs = ['a', 'b', 'a', 'a', 'b'].map((run) => writer.append(run, metric(1)).record.seq);
    writer.close();
    expect(seqs).toEqual([1, 1, 2, 3, 2]);
  });

  test('NaN and infinities are text on disk and numbers again when they are read', () => {
    const writer = new EventLogWriter(folder);
    writer.append('r', { kind: 'metrics', values: { a: Number.NaN, b: Infinity, c: -Infinity, d: 1.5 }, step: 0 });
    writer.close();
    const { path } = writer.segments[0]!;
    expect(readFileSync(path, 'utf8')).toContain('{"a":"NaN","b":"Infinity","c":"-Infinity","d":1.5}');
    expect(readAll(path).records[0]!.record).toMatchObject({ values: { a: Number.NaN, b: Infinity, c: -Infinity, d: 1.5 } });
  });

  test('text of any script and of any length survives', () => {
    const writer = new EventLogWriter(folder);
    const note = '日本語 ü 🚀 '.repeat(40_000);
    writer.append('r', { kind: 'note', markdown: note });
    writer.append('r', { kind: 'note', markdown: 'Zeile\nzwei' });
    writer.close();
    expect(readAll(writer.segments[0]!.path).records.map(({ record }) => record)).toMatchObject([
      { markdown: note },
      { markdown: 'Zeile\nzwei' },
    ]);
  });

  test('every line is whole and has the checksum of zlib, whatever its length and its script, and whichever writer and step run come before it', () => {
    const writers = [new EventLogWriter(folder), new EventLogWriter(folder)];
    const texts = Array.from({ length: 1_200 }, (_, length) => ['x', '\n', 'é', '日', '🚀'].map((end) => 'x'.repeat(length) + end)).flat();
    for (const [index, markdown] of texts.entries())
      for (const [step, writer] of writers.entries()) writer.append(`run${index % 2}${step}`, { kind: 'note', markdown });
    for (const writer of writers) {
      writer.close();
      const lines = readFileSync(writer.segments[0]!.path, 'utf8').trimEnd().split('\n');
      expect(lines.map((line) => (JSON.parse(line.slice(9)) as { markdown: string }).markdown)).toEqual(texts);
      expect(lines.filter((line) => line.slice(0, 8) !== crc32(line.slice(9)).toString(16).padStart(8, '0'))).toEqual([]);
    }
  });

  test('says where each line lies', () => {
    const writer = new EventLogWriter(folder);
    const written = [metric(1), metric(22), metric(333)].map((event) => writer.append('r', event));
    writer.close();
    expect(readAll(writer.segments[0]!.path).records).toEqual(written.map(({ record, from, to }) => ({ record, from, to })));
  });

  test('a full disk that breaks off a line ends the segment, and the event goes whole into another', async () => {
    // A file size limit makes the kernel write less than it is asked to, as a full disk does, but for one file only.
    const script = join(folder, 'fill.ts');
    writeFileSync(
      script,
      `import { EventLogWriter } from ${JSON.stringify(new URL('event-log-writer.ts', import.meta.url).href)};
       const writer = new EventLogWriter(${JSON.stringify(folder)});
       for (let i = 0; i < 100; i++) writer.append('r', { kind: 'note', markdown: String(i).padStart(100, '.') });
       console.log(JSON.stringify(writer.segments));`,
    );
    const limited = ['-c', 'ulimit -f 8; exec "$0" "$@"', process.execPath, script];
    const { stdout } = await promisify(execFile)('sh', limited);
    const segments = JSON.parse(stdout) as { path: string; size: number }[];
    expect(segments.length).toBeGreaterThan(2);
    const notes = segments.flatMap(({ path }) =>
      readAll(path).records.map(({ record }) => Number((record as { markdown?: string }).markdown?.replaceAll('.', ''))),
    );
    expect(notes).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(readFileSync(segments[0]!.path).length).toBeGreaterThan(segments[0]!.size);
  });

  test('a folder that cannot be written is a clear error, and the event counts as not logged', () => {
    writeFileSync(join(folder, 'file'), '');
    const writer = new EventLogWriter(join(folder, 'file'));
    expect(() => writer.append('r', metric(1))).toThrow(expect.objectContaining({ code: 'EVENT_LOG_FAILED' }));
    expect(writer.segments).toEqual([]);
  });

  (process.platform === 'linux' ? test : test.skip)('a folder that cannot be made is a clear error, not an endless try', async () => {
    const script = `
      import { EventLogWriter } from ${JSON.stringify(import.meta.resolve('./event-log-writer.ts'))};
      try { new EventLogWriter('/proc/mortise/logs').append('r', { kind: 'params', values: {} }); } catch (error) { console.log(error.code); }`;
    const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 });
    expect(stdout).toBe('EVENT_LOG_FAILED\n');
  });
});

describe('the reader', () => {
  function written(count: number): string {
    const writer = new EventLogWriter(folder);
    for (let i = 0; i < count; i++) writer.append('r', metric(i));
    writer.close();
    return writer.segments[0]!.path;
  }

  test('a torn tail is left alone until it is whole', () => {
    const path = written(3);
    const whole = readFileSync(path);
    truncateSync(path, whole.length - 7);
    const reader = new EventLogReader(path);
    expect(reader.read().records).toHaveLength(2);
    expect(reader.read()).toEqual({ records: [], lost: [] });
    appendFileSync(path, whole.subarray(whole.length - 7));
    expect(reader.read().records).toMatchObject([{ record: { seq: 3 } }]);
  });

  test('a flipped bit is reported, and the lines around it are read', () => {
    const path = written(3);
    const bytes = readFileSync(path);
    const inTheValue = bytes.indexOf('"loss":1') + 7;
    bytes[inTheValue]! ^= 1;
    writeFileSync(path, bytes);
    const { records, lost } = new EventLogReader(path).read();
    expect(records.map(({ record }) => record.seq)).toEqual([1, 3]);
    expect(lost).toEqual([{ count: 1, why: expect.stringContaining('is damaged') }]);
  });

  test.each(['zeros', 'noise', 'lines that are none'])('%s in a file throw nothing', (kind) => {
    const path = join(folder, 'x.log');
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff));
    writeFileSync(path, kind === 'zeros' ? Buffer.alloc(5000) : kind === 'noise' ? noise : '\n\nabc\n00000000 \n12345678 {}\n');
    expect(readAll(path).records).toEqual([]);
  });

  test('a file that ends before the cursor is told, with the number of events lost', () => {
    const path = written(10);
    const reader = new EventLogReader(path);
    reader.read();
    const { cursor } = reader;
    truncateSync(path, Math.floor(cursor.offset / 2));
    const again = new EventLogReader(path, cursor);
    expect(again.read()).toEqual({ records: [], lost: [{ count: 5, why: expect.stringContaining('bytes long') }] });
    expect(again.read()).toEqual({ records: [], lost: [] });
  });

  test('a file that is gone is told too', () => {
    const reader = new EventLogReader(join(folder, 'gone.log'), { offset: 100, events: 4 });
    expect(reader.read().lost).toMatchObject([{ count: 4 }]);
  });

  test('goes on where a cursor stands, and reads lines longer than its portion', () => {
    const path = written(100);
    const seqs: number[] = [];
    let cursor = { offset: 0, events: 0 };
    for (;;) {
      const reader = new EventLogReader(path, cursor);
      const { records } = reader.read(50);
      if (records.length === 0) break;
      seqs.push(...records.map(({ record }) => record.seq));
      cursor = reader.cursor;
    }
    expect(cursor.events).toBe(100);
    expect(seqs).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

test('a killed process loses none of the events that it was told were logged', async () => {
  const script = join(folder, 'log.ts');
  writeFileSync(
    script,
    `import { writeSync } from 'node:fs';
     import { EventLogWriter } from ${JSON.stringify(new URL('event-log-writer.ts', import.meta.url).href)};
     const writer = new EventLogWriter(${JSON.stringify(folder)});
     for (let i = 1; ; i++) {
       const { record } = writer.append('r', { kind: 'note', markdown: 'x'.repeat((i * 131) % 9000) });
       writeSync(1, record.seq + ' ' + writer.segments[0].path + '\\n');
     }`,
  );
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = 0;
    let path = '';
    for await (const line of createInterface(child.stdout)) {
      const [seq, file] = line.split(' ');
      acknowledged = Number(seq);
      path = file!;
      if (acknowledged === 200 + round * 77) child.kill('SIGKILL');
    }
    const { records, lost } = readAll(path);
    expect(lost).toBe(0);
    expect(records.length).toBeGreaterThanOrEqual(acknowledged);
    expect(records.map(({ record }) => record.seq)).toEqual(Array.from(records, (_, i) => i + 1));
  }
});

describe('the queue of a consumer', () => {
  test('holds a bounded number of events in memory and gives all of them, in order and in whole batches', () => {
    const writer = new EventLogWriter(folder);
    const queue = new EventQueue(writer, (record) => record.runId === 'mine');
    const count = EVENTS_IN_MEMORY * 2 + 5_000;
    for (let i = 0; i < count; i++) {
      writer.append('other', metric(-1));
      queue.push(writer.append('mine', metric(i)));
    }
    expect(queue.size).toBe(count);
    const taken: number[] = [];
    const sizes: number[] = [];
    let last: WrittenRecord | undefined;
    for (let batch = queue.peek(999); batch.length > 0; batch = queue.peek(999)) {
      sizes.push(batch.length);
      taken.push(...batch.map(({ record }) => record.seq));
      queue.shift(batch.length);
      // One that comes while the rest still lies on disk must not overtake it.
      if (last === undefined && taken.length > EVENTS_IN_MEMORY) queue.push((last = writer.append('mine', metric(0))));
    }
    writer.close();
    expect(taken).toEqual(Array.from({ length: count + 1 }, (_, i) => i + 1));
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([999]));
    expect(queue.size).toBe(0);
  });
});
