import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { TransactionLogDamaged } from './transaction-log-damaged.ts';
import { TransactionLogReader } from './transaction-log-reader.ts';
import { TransactionLogWriter } from './transaction-log-writer.ts';

const BLOCK = 32_768;

async function newPath(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'mortise-wandb-log-')), 'run-a.wandb');
}

/** A record of `length` bytes, of which no two of different `seed` are alike. */
function recordOf(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + seed * 7 + 1) % 251;
  return bytes;
}

/** What a record of 5 bytes takes of the next block if `left` bytes are left of the one before. */
function sizeInBlock(left: number): number {
  return left < 7 ? 12 : 7 + 5 - (left - 7);
}

/** Jest compares long buffers slowly. */
const nameOf = (bytes: Uint8Array): string => `${bytes.length}:${createHash('md5').update(bytes).digest('hex')}`;

async function write(path: string, records: readonly Uint8Array[]): Promise<number[]> {
  const writer = new TransactionLogWriter(path);
  const ends = records.map((record) => {
    writer.append(record);
    return writer.size;
  });
  await writer.close();
  return ends;
}

async function read(
  path: string,
  onDamage?: (damage: TransactionLogDamaged) => void,
): Promise<{ records: string[]; tornAt: number | undefined }> {
  const reader = new TransactionLogReader(path);
  const records: string[] = [];
  for await (const { bytes } of reader.records(onDamage && { onDamage })) records.push(nameOf(bytes));
  return { records, tornAt: reader.tornAt };
}

describe('a transaction log', () => {
  test('gives back records of every length, also those that end near or beyond the end of a block', async () => {
    const path = await newPath();
    // Each second one leaves 0 to 9 bytes of its block to the next one. The first block has 7 bytes less, and each chunk a head of 7.
    const lengths = Array.from({ length: 10 }, (_, left) => [BLOCK - 7 - (left === 0 ? 7 : sizeInBlock(left - 1)) - left, 5]).flat();
    const records = [...lengths, 0, 1, BLOCK, 3 * BLOCK + 5, 90_000].map(recordOf);
    const ends = await write(path, records);
    expect(await read(path)).toEqual({ records: records.map(nameOf), tornAt: undefined });
    expect((await stat(path)).size).toBe(ends.at(-1));
  });

  test('begins with ":W&B", and has chunks of checksum, length, type and data in blocks of 32 KiB', async () => {
    const path = await newPath();
    await write(path, [recordOf(10, 0), recordOf(40_000, 1)]);
    const bytes = await readFile(path);
    expect(bytes.subarray(0, 7)).toEqual(Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0]));
    expect([bytes.readUInt16LE(11), bytes[13]]).toEqual([10, 1]);
    expect(bytes.readUInt32LE(7)).toBe(crc32(bytes.subarray(13, 24)));
    expect([bytes.readUInt16LE(28), bytes[30]]).toEqual([BLOCK - 31, 2]);
    expect([bytes.readUInt16LE(BLOCK + 4), bytes[BLOCK + 6]]).toEqual([40_000 - BLOCK + 31, 4]);
  });

  test('that was cut off at any byte gives all whole records and says where the rest begins', async () => {
    const path = await newPath();
    const records = [recordOf(20, 0), recordOf(BLOCK, 1), recordOf(11, 2)];
    const ends = await write(path, records);
    const whole = await readFile(path);
    const cuts = [
      0,
      3,
      7,
      8,
      13,
      14,
      33,
      34,
      40,
      41,
      42,
      BLOCK - 1,
      BLOCK,
      BLOCK + 3,
      BLOCK + 7,
      BLOCK + 8,
      ...Array.from({ length: 40 }, (_, i) => whole.length - i),
    ];
    for (const cut of cuts) {
      await writeFile(path, whole.subarray(0, cut));
      const count = ends.filter((end) => end <= cut).length;
      const end = count === 0 ? 7 : ends[count - 1]!;
      const expected = { records: records.slice(0, count).map(nameOf), tornAt: cut < 7 ? 0 : cut === end ? undefined : end };
      expect({ cut, ...(await read(path)) }).toEqual({ cut, ...expected });
    }
  });

  test('goes on behind its last whole record after it was cut off', async () => {
    for (const cut of [1, 5, 9, 30_000]) {
      const path = await newPath();
      const records = [recordOf(20, 0), recordOf(50_000, 1), recordOf(11, 2)];
      const ends = await write(path, records);
      await truncate(path, ends[1]! - cut);
      const writer = new TransactionLogWriter(path, ends[0]);
      for (const record of records.slice(1)) writer.append(record);
      await writer.close();
      expect(await read(path)).toEqual({ records: records.map(nameOf), tornAt: undefined });
    }
  });

  test('with nothing but zeros at its end, as a power failure leaves it, is unfinished and not damaged', async () => {
    const path = await newPath();
    const records = [recordOf(20, 0)];
    const [end] = await write(path, records);
    await truncate(path, end! + 5_000);
    expect(await read(path)).toEqual({ records: records.map(nameOf), tornAt: end });
  });

  test('in which a byte was changed is refused with the place', async () => {
    const path = await newPath();
    const ends = await write(path, [recordOf(20, 0), recordOf(50, 1), recordOf(50, 2)]);
    const bytes = await readFile(path);
    bytes[ends[0]! + 20]! ^= 1;
    await writeFile(path, bytes);
    await expect(read(path)).rejects.toMatchObject({
      name: 'TransactionLogDamaged',
      offset: ends[0],
      message: `${path} is damaged at byte ${ends[0]}: the checksum of a chunk is wrong`,
    });
  });

  test('in which a byte was changed gives what is in its other blocks to who asks for that', async () => {
    const path = await newPath();
    const records = Array.from({ length: 30 }, (_, seed) => recordOf(5_000, seed));
    const ends = await write(path, records);
    const bytes = await readFile(path);
    bytes[ends[1]! + 100]! ^= 1;
    await writeFile(path, bytes);
    const damages: TransactionLogDamaged[] = [];
    const { records: rest, tornAt } = await read(path, (damage) => damages.push(damage));
    const firstOfNextBlock = ends.findIndex((end) => end > BLOCK) + 1;
    expect(damages.map(({ offset }) => offset)).toEqual([ends[1]]);
    expect(rest).toEqual([...records.slice(0, 2), ...records.slice(firstOfNextBlock)].map(nameOf));
    expect(tornAt).toBeUndefined();
  });

  test('with a record that was never finished, followed by others, is damaged', async () => {
    const path = await newPath();
    const ends = await write(path, [recordOf(20, 0), recordOf(50_000, 1)]);
    const writer = new TransactionLogWriter(path, BLOCK);
    writer.append(recordOf(9, 2));
    await writer.close();
    await expect(read(path)).rejects.toThrow(`is damaged at byte ${BLOCK}: the record from byte ${ends[0]} has no end`);
  });

  test('is told from other files', async () => {
    const path = await newPath();
    await writeFile(path, '{"not": "a log"}');
    await expect(read(path)).rejects.toThrow('it is not a .wandb file');
  });

  test('that cannot be written says so every time, and has all of it when it can', async () => {
    // A device that is always full.
    if (process.platform !== 'linux') return;
    const path = await newPath();
    await symlink('/dev/full', path);
    const writer = new TransactionLogWriter(path);
    const records = [recordOf(20, 0), recordOf(2_000_000, 1), recordOf(30, 2)];
    writer.append(records[0]!);
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    writer.append(records[1]!);
    await expect(writer.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(writer.close()).rejects.toMatchObject({ code: 'ENOSPC' });
    await unlink(path);
    await writer.flush();
    writer.append(records[2]!);
    await writer.close();
    expect(await read(path)).toEqual({ records: records.map(nameOf), tornAt: undefined });
  });
});
