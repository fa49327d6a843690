import { describe, expect, it } from '@jest/globals';
import { compareKeys } from '@mortise/core';

import type { BlobContainer } from './blob-container.ts';
import { BlobList } from './list-blobs.ts';

/** A container that lists names as JavaScript orders them, and goes on after its own markers only. `asked` has the size of each page. */
function containerOf(names: string[]): { container: BlobContainer; asked: number[] } {
  const asked: number[] = [];
  const sorted = [...names].sort();
  const listBlobsFlat = ({ prefix }: { prefix: string }) => ({
    byPage: ({ maxPageSize, continuationToken = 'marker 0' }: { maxPageSize: number; continuationToken?: string }) => ({
      next: async () => {
        asked.push(maxPageSize);
        const matching = sorted.filter((name) => name.startsWith(prefix));
        const at = Number(continuationToken.slice('marker '.length));
        const end = at + maxPageSize;
        const blobItems = matching.slice(at, end).map((name) => ({ name, properties: { contentLength: 1, lastModified: new Date(0) } }));
        return { value: { segment: { blobItems }, continuationToken: end < matching.length ? `marker ${end}` : '' } };
      },
    }),
  });
  const ask = (_signal: unknown, call: (signal?: AbortSignal) => Promise<unknown>): Promise<unknown> => call();
  return { container: { client: { listBlobsFlat }, ask } as unknown as BlobContainer, asked };
}

async function allOf(list: BlobList, prefix: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  for (let after = ''; ;) {
    const { items, more } = await list.read(prefix, after, limit);
    expect(items.length).toBeLessThanOrEqual(limit);
    found.push(...items.map(({ key }) => key));
    if (!more) return found;
    after = found.at(-1)!;
  }
}

describe('a list of blobs', () => {
  const names = Array.from({ length: 12_345 }, (_, i) => `ours/${String(i).padStart(6, '0')}`);

  it('goes on where it was without reading again what came before', async () => {
    const { container, asked } = containerOf([...names, 'theirs/1']);
    expect(await allOf(new BlobList(container), 'ours/', 1_000)).toEqual(names);
    expect(asked).toEqual(Array.from({ length: 13 }, () => 1_000));
  });

  it.each([1_000, 4_999, 5_000, 7_000, 20_000])('has all of them in pages of %i', async (limit) => {
    const { container } = containerOf(names);
    expect(await allOf(new BlobList(container), 'ours/', limit)).toEqual(names);
  });

  it('goes on after a name of which it has no marker, in few requests', async () => {
    const { container, asked } = containerOf(names);
    const list = new BlobList(container);
    const page = await list.read('ours/', 'ours/011000', 1_000);
    expect(page.items.map(({ key }) => key)).toEqual(names.slice(11_001, 12_001));
    expect(page.more).toBe(true);
    expect(asked).toEqual([5_000, 5_000, 5_000]);
    const rest = await list.read('ours/', 'ours/012000', 1_000);
    expect(rest.items.map(({ key }) => key)).toEqual(names.slice(12_001));
    expect(rest.more).toBe(false);
  });

  it('is in the order of bytes, whatever the order of the server', async () => {
    const odd = ['a', 'b\u{1f377}', 'b\ufb01', 'b\ud7ff', 'c', 'c\ufb01/x', 'c\u{1f377}/x', 'd'];
    const sorted = [...odd].sort(compareKeys);
    expect(sorted).not.toEqual([...odd].sort());
    for (const limit of [1, 2, 3, 7, 8, 9]) expect(await allOf(new BlobList(containerOf(odd).container), '', limit)).toEqual(sorted);
  });
});
