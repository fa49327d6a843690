import { ArtifactNotFound } from '@mortise/core';

import type { Range } from '../artifact-store/store-place.ts';
import type { ArtifactStoreMutant } from './artifact-store-mutant.ts';
import { MemoryArtifactStore } from './memory-artifact-store.ts';

const RANGES = 'ranges come from the byte `from` up to, and without, the byte `to`';
const EDGES = 'ranges that are empty, or go beyond the end, hold what there is';

/** Stores that do something wrong with what is read. */
export const getMutants: ArtifactStoreMutant[] = [
  {
    does: 'counts the end of a range in',
    caughtBy: RANGES,
    Store: class extends MemoryArtifactStore {
      override part(bytes: Buffer, from: number, to: number): Buffer {
        return super.part(bytes, from, to + 1);
      }
    },
  },
  {
    does: 'takes the end 0 for no end',
    caughtBy: EDGES,
    Store: class extends MemoryArtifactStore {
      override part(bytes: Buffer, from: number, to: number): Buffer {
        return super.part(bytes, from, to || Infinity);
      }
    },
  },
  {
    does: 'fails when a range begins beyond the end',
    caughtBy: EDGES,
    Store: class extends MemoryArtifactStore {
      override part(bytes: Buffer, from: number, to: number): Buffer {
        if (from > 0 && from >= bytes.length) throw this.failed('to read', 'the range cannot be satisfied');
        return super.part(bytes, from, to);
      }
    },
  },
  {
    does: 'reads the whole object for a range',
    caughtBy: 'a range is read without the rest of the object, if that is claimed',
    Store: class extends MemoryArtifactStore {
      override part(bytes: Buffer, from: number, to: number): Buffer {
        this.memory.bytesRead += bytes.length;
        return super.part(bytes, from, to);
      }
    },
  },
  {
    does: 'gives nothing for a missing key',
    caughtBy: 'what is not there is not found',
    Store: class extends MemoryArtifactStore {
      override async *get(key: string, range?: Range): AsyncGenerator<Uint8Array, void, undefined> {
        try {
          yield* super.get(key, range);
        } catch (error) {
          if ((error as { code?: unknown }).code !== ArtifactNotFound.code) throw error;
        }
      }
    },
  },
  {
    does: 'reads on after the signal was aborted',
    caughtBy: 'a signal that is aborted ends the reading',
    Store: class extends MemoryArtifactStore {
      override get(key: string, { signal: _, ...range }: Range = {}): AsyncGenerator<Uint8Array, void, undefined> {
        return super.get(key, range);
      }
    },
  },
  {
    does: 'tells times in seconds',
    caughtBy: 'stat tells the size and the time of the last put',
    Store: class extends MemoryArtifactStore {
      override async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
        const stats = await super.stat(key);
        return stats && { ...stats, modifiedAt: Math.floor(stats.modifiedAt / 1000) };
      }
    },
  },
  {
    does: 'lets errors of the place through as they are',
    caughtBy: 'a place that cannot be reached is told as such, and what it holds is there again afterwards',
    Store: class extends MemoryArtifactStore {
      override async reach(doing: string): Promise<void> {
        await super.reach(doing).catch(() => {
          throw new TypeError('fetch failed');
        });
      }
    },
  },
  {
    does: 'takes a place that is down for an empty one',
    caughtBy: 'a place that cannot be reached is told as such, and what it holds is there again afterwards',
    Store: class extends MemoryArtifactStore {
      override async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
        return this.memory.down ? undefined : super.stat(key);
      }
    },
  },
];
