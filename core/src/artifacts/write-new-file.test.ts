import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { writeNewFile } from './write-new-file.ts';

describe('a new file', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-write-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Every byte tells where it is. */
  async function* bytesOf(size: number, chunk: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += chunk)
      yield await Promise.resolve(Uint8Array.from({ length: Math.min(chunk, size - at) }, (_, i) => (at + i) % 251));
  }

  test.each([
    [0, 1],
    [1, 1],
    [1_000, 64],
    [(1 << 20) - 1, 65_536],
    [1 << 20, 65_536],
    [5_000_001, 70_000],
    [3 << 20, 2 << 20],
  ])('has all %d bytes that came in chunks of %d', async (size, chunk) => {
    const path = join(folder, 'new');
    await writeNewFile(path, bytesOf(size, chunk));
    const found = readFileSync(path);
    expect([found.length, found.every((byte, at) => byte === at % 251)]).toEqual([size, true]);
  });

  test('is none where there is a file already, which stays', async () => {
    const path = join(folder, 'there');
    writeFileSync(path, 'before');
    await expect(writeNewFile(path, bytesOf(10, 5))).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(path, 'utf8')).toBe('before');
  });

  test('throws what reading throws, when all that was given to the disk is there', async () => {
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield* bytesOf(3 << 20, 1 << 20);
      throw new Error('the network is gone');
    }
    await expect(writeNewFile(join(folder, 'cut'), cut())).rejects.toThrow('the network is gone');
  });
});
