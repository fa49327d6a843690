import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { EventLogWriter, type WrittenRecord } from './event-log-writer.ts';
import { EVENTS_IN_MEMORY, EventQueue } from './event-queue.ts';
import { FollowedLog } from './followed-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-followed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const metric = (value: number) => ({ kind: 'metrics' as const, values: { loss: value }, step: value });
const valueOf = ({ record }: WrittenRecord): number => (record.kind === 'metrics' ? record.values['loss']! : NaN);

describe('the log of another process', () => {
  it('is read as far as it is written, each event once, in order', async () => {
    const writer = new EventLogWriter(folder);
    const log = new FollowedLog(folder, writer.id);
    const seen: number[] = [];
    const read = () => log.read((written) => seen.push(valueOf(written)));
    await read();
    expect([seen, log.segments]).toEqual([[], []]);
    for (let i = 0; i < 5000; i++) writer.append('step', metric(i));
    await read();
    writer.append('step', metric(5000));
    await read();
    expect(seen).toEqual(Array.from({ length: 5001 }, (_, index) => index));
    expect(log.segments).toMatchObject([{ path: writer.segments[0]!.path, size: writer.segments[0]!.size }]);
    writer.close();
  });

  it('ends at the last whole line, and goes on in the next segment', async () => {
    const writer = new EventLogWriter(folder);
    writer.append('step', metric(1));
    const [first] = writer.segments;
    appendFileSync(first!.path, 'torn');
    const next = new EventLogWriter(folder, `${writer.id}.2`);
    next.append('step', metric(2));
    const seen: number[] = [];
    const log = new FollowedLog(folder, writer.id);
    await log.read((written) => seen.push(valueOf(written)));
    expect(seen).toEqual([1, 2]);
    expect(log.segments.map(({ path }) => path)).toEqual([first!.path, next.segments[0]!.path]);
    writer.close();
    next.close();
  });

  it('says how many events are lost in it, and gives the others', async () => {
    const writer = new EventLogWriter(folder);
    writer.append('step', metric(1));
    appendFileSync(writer.segments[0]!.path, '00000000 {"damaged":true}\n');
    const seen: number[] = [];
    await expect(new FollowedLog(folder, writer.id).read((written) => seen.push(valueOf(written)))).rejects.toThrow(
      /^1 logged events are lost: the line/,
    );
    expect(seen).toEqual([1]);
    writer.close();
  });
});

describe('a queue of events from two logs', () => {
  it('gives each once and in order, beyond what it keeps in memory and whatever is written meanwhile', async () => {
    const own = new EventLogWriter(folder);
    const other = new EventLogWriter(folder);
    const log = new FollowedLog(folder, other.id);
    const queue = new EventQueue(own, () => true);
    const push = () => log.read((written) => queue.push(written, log));
    queue.push(own.append('step', metric(-1)));
    const many = EVENTS_IN_MEMORY + 500;
    for (let i = 0; i < many; i++) other.append('step', metric(i));
    await push();
    for (let i = many; i < many + 100; i++) other.append('step', metric(i));
    expect(queue.size).toBe(many + 1);

    const seen: number[] = [];
    const take = () => {
      for (let batch = queue.peek(1000); batch.length > 0; batch = queue.peek(1000)) {
        seen.push(...batch.map(valueOf));
        queue.shift(batch.length);
      }
    };
    take();
    expect(seen).toEqual(Array.from({ length: many + 1 }, (_, index) => index - 1));
    await push();
    take();
    expect(seen).toEqual(Array.from({ length: many + 101 }, (_, index) => index - 1));
    own.close();
    other.close();
  });
});
