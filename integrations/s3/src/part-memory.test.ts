import { describe, expect, it } from '@jest/globals';

import { PartMemory } from './part-memory.ts';

const { signal } = new AbortController();
const HOUR_MS = 60 * 60 * 1000;

/** How many parts of this size can be had without waiting. */
async function room(memory: PartMemory, size: number): Promise<number> {
  const stop = new AbortController();
  let got = 0;
  const takes = Array.from({ length: 200 }, () =>
    memory.take(size, stop.signal).then(
      () => got++,
      () => undefined,
    ),
  );
  await new Promise((resolve) => setImmediate(resolve));
  stop.abort(new Error('enough'));
  await Promise.all(takes);
  return got;
}

describe('the memory for parts', () => {
  it.each([
    [1, 16],
    [8, 16],
    [20, 40],
  ])('of a store whose uploads send %i at once has room for %i', async (maxConcurrency, expected) => {
    expect(await room(new PartMemory(1_000, maxConcurrency, HOUR_MS), 1_000)).toBe(expected);
  });

  it('has room for fewer parts that are larger, and for any size', async () => {
    expect(await room(new PartMemory(1_000, 4, HOUR_MS), 3_001)).toBe(4);
    expect(await room(new PartMemory(1_000, 4, HOUR_MS), 1_000_000)).toBe(1);
  });

  it('is used again when the part has arrived, and not when it was given up', async () => {
    const memory = new PartMemory(1_000, 4);
    const parts = await Promise.all([1, 2].map(() => memory.take(1_000, signal)));
    memory.give(parts[0]!);
    const again = await memory.take(1_000, signal);
    expect(again).toBe(parts[0]);
    memory.lose(again);
    memory.lose(parts[1]!);
    expect(parts).not.toContain(await memory.take(1_000, signal));
  });

  it('is had in the end although all of it is held by bodies that wait', async () => {
    const memory = new PartMemory(1_000, 4, 20);
    for (let i = 0; i < 18; i++) await memory.take(1_000, signal);
  });
});
