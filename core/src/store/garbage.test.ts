import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { completedStep, createdRun, sampleRun, temporaryStore, WORKER } from '../testing/sample-store.ts';
import type { MetadataStore } from './metadata-store.ts';

let store: MetadataStore;
let remove: () => void;
beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
});
afterEach(() => {
  jest.restoreAllMocks();
  remove();
});

/** Id of a run that is over. */
async function endedRun(steps: number): Promise<string> {
  const { id } = await createdRun(store);
  for (let i = 0; i < steps; i++) await completedStep(store, id, `step${i}`);
  const outcome = { status: 'completed' as const };
  await store.finishRun({ id, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [], outcome });
  return id;
}

/** Gives how many turns the event loop has had since. */
function eventLoopTurns(): () => number {
  let turns = 0;
  const again = (): void => {
    turns++;
    next = setImmediate(again);
  };
  let next = setImmediate(again);
  return () => {
    clearImmediate(next);
    return turns;
  };
}

test('what many steps left is forgotten in transactions of a bounded size: others can write between them, and this process lives on', async () => {
  const steps = 2_000;
  await store.deleteRun(await endedRun(steps));
  const garbage = await store.findGarbage(true);
  expect([garbage.versions.length, garbage.makers.length]).toEqual([steps, steps + 1]);

  const exec = jest.spyOn(DatabaseSync.prototype, 'exec').mock;
  const run = jest.spyOn(Object.getPrototypeOf(new DatabaseSync(':memory:').prepare('SELECT 1')) as { run: () => unknown }, 'run').mock;
  const turns = eventLoopTurns();
  expect(await store.forgetGarbage(garbage, ['files'])).toBe(1);
  expect(turns()).toBeGreaterThanOrEqual(8);
  const commits = exec.calls.flatMap(([sql], n) => (sql === 'COMMIT' ? [exec.invocationCallOrder[n]!] : []));
  const writes = commits.map((at, n) => run.invocationCallOrder.filter((each) => each < at && each > (commits[n - 1] ?? 0)).length);
  expect(writes.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(4 * steps);
  expect(Math.max(...writes)).toBeLessThan(2_000);
  jest.restoreAllMocks();
  expect(await store.findGarbage(true)).toEqual({ runs: [], versions: [], makers: [] });
});

test('taking a run away costs the same after many others, which garbage collection has not come to yet', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 101; i++) ids.push(await endedRun(1));
  const results = jest.spyOn(Object.getPrototypeOf(new DatabaseSync(':memory:').prepare('SELECT 1')) as { all: () => unknown[] }, 'all')
    .mock.results;
  const rowsRead = async (id: string): Promise<number> => {
    results.length = 0;
    await store.deleteRun(id);
    return results.reduce((sum, { value }) => sum + (value as unknown[]).length, 0);
  };
  const first = await rowsRead(ids[0]!);
  for (const id of ids.slice(1, 100)) await store.deleteRun(id);
  expect(await rowsRead(ids[100]!)).toBe(first);
});

test('of runs that are forgotten no word is left, and what other runs are made of stays', async () => {
  const made = async (name: string, secret: string): Promise<string> => {
    const { id } = await createdRun(store, { name, params: { secret }, spec: { ...sampleRun().spec, params: { secret } } });
    await store.finishRun({ id, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [], outcome: { status: 'completed' } });
    return id;
  };
  const kept = await store.run(await made('kept', 'shared word'));
  const gone = [await made('gone', 'private word'), await made('twin', 'shared word')];
  for (const id of gone) await store.deleteRun(id);
  expect(await store.forgetGarbage(await store.findGarbage(true), ['files'])).toBe(2);
  const db = new DatabaseSync(store.url.replace('sqlite:', ''));
  const snapshots = db
    .prepare('SELECT json FROM snapshots')
    .all()
    .map(({ json }) => json as string);
  db.close();
  expect(snapshots.some((json) => json.includes('private word'))).toBe(false);
  expect(await store.run('kept')).toEqual(kept);
  const again = await store.run(await made('again', 'private word'));
  expect(again?.spec.params).toEqual({ secret: 'private word' });
});
