import type { ArtifactStore } from '@mortise/core';

import { bytesOf, chunksOf } from './bytes.ts';

export interface Race {
  /** How many writers were told that the object is theirs. */
  winners: number;
  /** What the others were told. */
  refusals: unknown[];
  /** Whether the object is that of the first winner, whole. */
  isWinners: boolean;
}

/** Each writer puts a body of its own, of `size` bytes, under one key that is to be new, all at once. */
export async function raceForKey(writers: readonly ArtifactStore[], key: string, size: number): Promise<Race> {
  const bodies = writers.map((_, i) => Buffer.alloc(size, i + 1));
  const puts = await Promise.allSettled(writers.map((writer, i) => writer.put(key, chunksOf(bodies[i]!), { createOnly: true })));
  const won = bodies.filter((_, i) => puts[i]!.status === 'fulfilled');
  const refusals = puts.flatMap((put): unknown[] => (put.status === 'rejected' ? [put.reason] : []));
  const found = await bytesOf(writers[0]!.get(key));
  return { winners: won.length, refusals, isWinners: won[0]?.equals(found) ?? false };
}
