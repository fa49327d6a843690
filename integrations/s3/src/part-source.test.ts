import { describe, expect, it } from '@jest/globals';

import { PartMemory } from './part-memory.ts';
import { partSizeFor, partSource } from './part-source.ts';

const MIB = 1024 * 1024;
const { signal } = new AbortController();

describe('parts of a body', () => {
  it('are larger than asked for where S3 would not take so many', () => {
    expect(partSizeFor(80_000 * MIB, 8 * MIB)).toBe(8 * MIB);
    expect(partSizeFor(80_000 * MIB + 1, 8 * MIB)).toBe(9 * MIB);
    expect(partSizeFor(5 * MIB * MIB, 8 * MIB)).toBe(525 * MIB);
    expect(partSizeFor(undefined, 8 * MIB)).toBe(8 * MIB);
  });

  it('use the memory of those that were released', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 10; i++) yield new Uint8Array(1_000).fill(i);
    }
    const source = partSource(body(), { partSize: 1_000, size: 10_000, memory: new PartMemory(1_000, 4), signal });
    const memory = new Set<ArrayBufferLike>();
    for (let i = 0; i < 10; i++) {
      const { bytes, isLast } = await source.next();
      expect([bytes.length, bytes[0], isLast]).toEqual([1_000, i, i === 9]);
      memory.add(bytes.buffer);
      source.release(bytes);
    }
    expect(memory.size).toBe(1);
  });

  it('take little memory for a small body of unknown length', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
    }
    const { bytes, isLast } = await partSource(body(), {
      partSize: 8 * MIB,
      size: undefined,
      memory: new PartMemory(8 * MIB, 4),
      signal,
    }).next();
    expect([bytes.length, isLast]).toEqual([10, true]);
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(65_536);
  });
});
