import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';

import type { MetadataStore } from '../store/metadata-store.ts';
import { completedStep, createdRun, temporaryStore } from '../testing/sample-store.ts';
import { CacheHits } from './cache-hits.ts';

let store: MetadataStore;
let remove: () => void;
let made: string[];
const STEPS = 100;
const key = (index: number) => `key ${index}`;

beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
  const run = await createdRun(store);
  made = [];
  for (let index = 0; index < STEPS; index++)
    made.push((await completedStep(store, run.id, `step-${index}`, { cacheKey: key(index) }, { cache: true })).id);
});
afterEach(() => {
  jest.restoreAllMocks();
  remove();
});

/** Finds the steps with these indexes one after the other, and checks each. */
async function findAll(hits: CacheHits, indexes: Iterable<number>): Promise<void> {
  for (const index of indexes) expect((await hits.find(key(index)))?.stepRunId).toBe(made[index]);
}
const first = (count: number) => Array(count).keys();

test('a run that repeats 100 steps looks few of them up one by one', async () => {
  const find = jest.spyOn(store, 'findCached');
  const ahead = jest.spyOn(store, 'cachedAfter');
  await findAll(new CacheHits(store), first(STEPS));
  // More look-ups are allowed than it takes, for a machine that was busy for 50 ms.
  expect(find.mock.calls.length).toBeLessThan(15);
  expect(ahead.mock.calls.length).toBeLessThan(12);
});

test('it finds them in whatever order it asks, and soon reads no more along where that is in vain', async () => {
  const ahead = jest.spyOn(store, 'cachedAfter');
  const hits = new CacheHits(store);
  await findAll(hits, [...first(STEPS)].reverse());
  expect(ahead.mock.calls.length).toBeLessThan(6);
  await findAll(hits, [3, 90, 4, 3, 50]);
  expect(await hits.find('of no step')).toBeUndefined();
});

test('a run of which every other step is run anew reads nothing along', async () => {
  const ahead = jest.spyOn(store, 'cachedAfter');
  const hits = new CacheHits(store);
  for (const index of first(STEPS)) {
    await findAll(hits, [index]);
    hits.forget();
  }
  expect(ahead).not.toHaveBeenCalled();
});

test('what was read along stands for a moment, and no longer than until a step is run', async () => {
  const find = jest.spyOn(store, 'findCached');
  const hits = new CacheHits(store);
  await findAll(hits, first(10));
  find.mockClear();
  await delay(60);
  await findAll(hits, [10]);
  expect(find).toHaveBeenCalledTimes(1);
  hits.forget();
  await findAll(hits, [11]);
  expect(find).toHaveBeenCalledTimes(2);
});

test('what is being read along when a step is run does not stand at all', async () => {
  const hits = new CacheHits(store);
  await findAll(hits, first(3));
  const reading = hits.find(key(3));
  const ahead = jest.spyOn(store, 'cachedAfter');
  const find = jest.spyOn(store, 'findCached');
  while (ahead.mock.calls.length === 0) await Promise.resolve();
  hits.forget();
  await reading;
  find.mockClear();
  await findAll(hits, [4]);
  expect(find).toHaveBeenCalledTimes(1);
});
