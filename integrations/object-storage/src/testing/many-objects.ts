import { deepEqual } from 'node:assert/strict';

import type { ArtifactStore } from '@mortise/core';

import { bytesOf } from './bytes.ts';

/** Puts `count` objects at once, and asserts that all are listed in order, read as they were put, and gone when they are deleted. */
export async function moveManyObjects(store: ArtifactStore, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `many/${String(i).padStart(4, '0')}`);
  await Promise.all(names.map((name) => store.put(name, Buffer.from(name))));
  const listed: string[] = [];
  for (let after: string | undefined; ;) {
    const { items, next } = await store.list('many/', after === undefined ? {} : { after });
    listed.push(...items.map(({ key }) => key));
    if (next === undefined) break;
    after = next;
  }
  deepEqual(listed, names);
  const found = await Promise.all(names.map(async (name) => (await bytesOf(store.get(name))).toString()));
  deepEqual(found, names);
  await store.delete(names);
  deepEqual(await store.list('many/'), { items: [] });
}
