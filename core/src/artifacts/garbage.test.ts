import { describe, expect, test } from '@jest/globals';

import type { MetadataStore } from '../store/metadata-store.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { collectBytes } from './garbage.ts';

/** What a store does that is not ours to know: none of it. */
const knowsNothing = { accountFor: async () => ({}) } as unknown as MetadataStore;
const keyOf = (digit: string): string => `pipeline/step.${digit.repeat(32)}.json`;
const HOUR = 3_600_000;

/** A store whose list tells no times. */
function timeless(ages: Record<string, number>) {
  const asked: string[] = [];
  const deleted: string[] = [];
  const store = {
    list: async () => ({ items: Object.keys(ages).map((key) => ({ key, size: 2 })) }),
    stat: async (key: string) => {
      asked.push(key);
      return ages[key] === undefined ? undefined : { size: 2, modifiedAt: Date.now() - ages[key] };
    },
    delete: async (keys: string[]) => void deleted.push(...keys),
  };
  return { store: store as unknown as ArtifactStore, asked, deleted };
}

test('what cannot be deleted keeps nothing else, and is told at the end', async () => {
  const keys = ['a', 'b', 'c'].map(keyOf);
  const deleted: string[] = [];
  const store = {
    list: async (_: string, { after }: { after?: string }) => {
      const key = keys[after === undefined ? 0 : keys.indexOf(after) + 1]!;
      return { items: [{ key, size: 2, modifiedAt: 0 }], ...(key !== keys[2] && { next: key }) };
    },
    delete: async ([key]: string[]) => {
      if (key === keys[1]) throw new Error('it is locked');
      deleted.push(key!);
    },
  } as unknown as ArtifactStore;
  const options = {
    remove: true,
    unknown: true,
    versions: new Set<string>(),
    makers: new Set<string>(),
    importing: () => new Set<string>(),
  };
  await expect(collectBytes(store, knowsNothing, options)).rejects.toThrow('it is locked');
  expect(deleted).toEqual([keys[0], keys[2]]);
});

describe('of a store whose list tells no times', () => {
  const old = keyOf('a');
  const young = keyOf('b');
  const none = { versions: new Set<string>(), makers: new Set<string>(), importing: () => new Set<string>() };

  test('what nobody knows is deleted only when it is asked for and is not young', async () => {
    const { store, deleted } = timeless({ [old]: HOUR, [young]: 60_000 });
    const { unknown } = await collectBytes(store, knowsNothing, { remove: true, unknown: true, ...none });
    expect(unknown).toEqual({ count: 1, bytes: 2 });
    expect(deleted).toEqual([old]);
  });

  test('no object is asked for its time while none is to be deleted for it', async () => {
    const { store, asked, deleted } = timeless({ [old]: HOUR, [young]: 60_000 });
    const { unknown } = await collectBytes(store, knowsNothing, { remove: true, unknown: false, ...none });
    expect({ unknown, asked, deleted }).toEqual({ unknown: { count: 2, bytes: 4 }, asked: [], deleted: [] });
  });
});
