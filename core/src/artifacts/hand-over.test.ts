import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ArtifactCorrupt, isError } from '../errors.ts';
import { newId } from '../id.ts';
import type { VersionRecord } from '../store/version-data.ts';
import { temporaryArtifactStore, type TemporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { file, type FileArtifact } from './file-artifact.ts';
import { HandOver } from './hand-over.ts';
import { registerMaterializer } from './materializers.ts';
import { saveValue } from './save-value.ts';

let place: TemporaryArtifactStore;
beforeEach(async () => {
  place = await temporaryArtifactStore();
});
afterEach(() => place[Symbol.dispose]());

async function kept(handOver: HandOver, value: unknown): Promise<VersionRecord> {
  const id = newId();
  const { encoded, ...saved } = await saveValue(value, { store: place.store, keyPrefix: `a/${id}` });
  const version = { ...saved, id, artifact: 'a', version: 1, storeId: place.store.id, metadata: {}, createdAt: 0 };
  handOver.keep(version, value, encoded);
  return version;
}

/** Only what was kept in memory can be had after this. */
const emptyStore = (version: VersionRecord): void => rmSync(join(place.folder, version.key));
const large = (): Float64Array => Float64Array.from({ length: 100_000 }, (_, i) => i);

test('consumers of a small value share nothing, not even with its maker', async () => {
  const handOver = new HandOver();
  const value = { list: [1, NaN] };
  const version = await kept(handOver, value);
  emptyStore(version);
  value.list.push(3);
  const first = (await handOver.take(version, place.store)) as typeof value;
  first.list.push(4);
  assert.deepStrictEqual(await handOver.take(version, place.store), { list: [1, NaN] });
});

test('consumers of small bytes share nothing', async () => {
  const handOver = new HandOver();
  const version = await kept(handOver, Float64Array.of(1, 2));
  emptyStore(version);
  ((await handOver.take(version, place.store)) as Float64Array)[0] = 9;
  assert.deepStrictEqual(await handOver.take(version, place.store), Float64Array.of(1, 2));
});

test.each(['text', 'x'.repeat(400_000), 1, NaN, null, undefined, 10n])('a constant is handed over as it is (%#)', async (value) => {
  const handOver = new HandOver();
  const version = await kept(handOver, value);
  emptyStore(version);
  expect(await handOver.take(version, place.store)).toBe(value);
});

class Table {
  columns = 2;
  readonly cells = new Uint8Array(800_000);
}

test('a large value of which only what its bytes mean was changed meanwhile is read from the store', async () => {
  registerMaterializer<Table>({
    name: 'hand-over-table',
    version: 1,
    handles: (value): value is Table => value instanceof Table,
    async save({ columns, cells }, out) {
      await out.write(cells);
      return { columns };
    },
    async load(_from, meta) {
      return Object.assign(new Table(), meta);
    },
  });
  const handOver = new HandOver();
  const table = new Table();
  const version = await kept(handOver, table);
  table.columns = 3;
  expect(((await handOver.take(version, place.store)) as Table).columns).toBe(2);
});

test('a large array is handed over itself to one consumer, while it hashes to what was stored', async () => {
  const handOver = new HandOver();
  const value = large();
  const version = await kept(handOver, value);
  const taken = (await Promise.all(Array.from({ length: 3 }, () => handOver.take(version, place.store)))) as Float64Array[];
  expect(taken[0]).toBe(value);
  taken[0]![0] = -1;
  for (const other of taken.slice(1)) assert.deepStrictEqual(other, large());
  expect(taken[1]).not.toBe(taken[2]);
});

test('a large array that was changed is loaded afresh', async () => {
  const handOver = new HandOver();
  const value = large();
  const version = await kept(handOver, value);
  value[77] = -1;
  assert.deepStrictEqual(await handOver.take(version, place.store), large());
});

test('a changed large array whose bytes are damaged is an error, never the changed one', async () => {
  const handOver = new HandOver();
  const value = large();
  const version = await kept(handOver, value);
  value[0] = 5;
  writeFileSync(join(place.folder, version.key), 'rubbish');
  const error = await handOver.take(version, place.store).catch((reason: unknown) => reason);
  expect(isError(error, ArtifactCorrupt)).toBe(true);
});

test('an array whose memory went elsewhere, and a file that was removed, are loaded', async () => {
  const handOver = new HandOver();
  const value = large();
  const path = join(place.folder, 'big.bin');
  writeFileSync(path, Buffer.alloc(300_000, 7));
  const versions = [await kept(handOver, value), await kept(handOver, file(path))] as const;
  structuredClone(value, { transfer: [value.buffer as ArrayBuffer] });
  rmSync(path);
  assert.deepStrictEqual(await handOver.take(versions[0], place.store), large());
  expect(((await handOver.take(versions[1], place.store)) as FileArtifact).path).toBe(join(place.folder, versions[1].key));
});

test('what was dropped, or never kept, is loaded', async () => {
  const handOver = new HandOver();
  const value = large();
  const version = await kept(handOver, value);
  handOver.drop(version.id);
  handOver.drop('nobody');
  const loaded = await handOver.take(version, place.store);
  assert.deepStrictEqual(loaded, value);
  expect(loaded).not.toBe(value);
});

test('the oldest are let go when there is too much', async () => {
  const handOver = new HandOver(1_000_000);
  const values = [large(), large(), large()];
  const versions: VersionRecord[] = [];
  for (const value of values) versions.push(await kept(handOver, value));
  const taken = await Promise.all(versions.map((version) => handOver.take(version, place.store)));
  expect(taken.map((value, i) => value === values[i])).toEqual([false, false, true]);
  assert.deepStrictEqual(taken, values);
});
