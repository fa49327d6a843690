import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { completedStep, createdRun, intended, sampleRun, sampleVersion, temporaryStore, WORKER } from '../testing/sample-store.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Page, RunQuery } from './queries.ts';
import type { RunSummary } from './run-data.ts';

let store: MetadataStore;
let path: string;
let remove: () => void;

beforeEach(async () => {
  ({ store, path, remove } = await temporaryStore());
});
afterEach(() => remove());

const names = (page: Page<RunSummary>) => page.items.map((run) => run.name);

async function allPages(query: RunQuery, between: () => Promise<unknown> = async () => {}): Promise<string[]> {
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await store.runs({ ...query, ...(after !== undefined && { after }) });
    seen.push(...names(page));
    after = page.next;
    await between();
  } while (after !== undefined);
  return seen;
}

test('a run reads back as it was created, by name, by id and as the latest', async () => {
  await createdRun(store, { startedAt: 500 });
  const run = await createdRun(store, {
    name: 'first',
    params: { lr: 0.1, name: 'x', deep: { a: [1, null] }, on: true, none: null, empty: '' },
    tags: { team: 'a', 'with space': 'ä' },
    environment: { git: { commit: 'abc', branch: 'main', dirty: true }, host: 'h', node: '24', packages: { a: '1' }, command: ['x'] },
  });
  const { worker: _, ...kept } = run;
  const expected = { ...kept, status: 'running', warnings: [], metadata: {}, trackerRuns: [] };
  expect(await store.run('first')).toEqual(expected);
  expect(await store.run(run.id)).toEqual(expected);
  expect(await store.run('latest')).toEqual(expected);
  expect(await store.run('second')).toBeUndefined();
});

test('a step run is no run', async () => {
  const run = await createdRun(store);
  const { id } = await completedStep(store, run.id, 'load');
  expect(await store.run(id)).toBeUndefined();
  expect(await store.run('load')).toBeUndefined();
  expect((await store.runs({})).items).toHaveLength(1);
});

test('there is no latest run in a new store', async () => {
  expect(await store.run('latest')).toBeUndefined();
  expect(await store.runs({})).toEqual({ items: [] });
});

test('a run name is taken once; the same run again is no second one', async () => {
  const run = await createdRun(store, { name: 'mine' });
  await store.createRun(run);
  await expect(store.createRun(sampleRun({ name: 'mine' }))).rejects.toMatchObject({ code: 'RUN_NAME_TAKEN', facts: { name: 'mine' } });
  expect(await store.run('latest')).toMatchObject({ id: run.id });
});

test('runs of the same plan, stack and environment share their snapshots', async () => {
  for (let i = 0; i < 3; i++) await createdRun(store);
  const look = new DatabaseSync(path);
  expect(look.prepare('SELECT kind FROM snapshots ORDER BY kind').all()).toEqual([{ kind: 'env' }, { kind: 'spec' }, { kind: 'stack' }]);
  look.close();
});

test('a finished run has its end, error, warnings, grown plan, and what its parent tracker runs must reach', async () => {
  const run = await createdRun(store);
  const [parent] = await store.createTrackerRuns(run.id, [{ component: 'mlflow', flavor: 'mlflow' }]);
  expect(parent!.key).toBe(trackerRunKey({ runId: run.id, attempt: 0, component: 'mlflow' }));
  const error = { name: 'Error', message: 'train failed' };
  const spec = { ...run.spec, params: { grown: true } };
  await store.finishRun({
    id: run.id,
    workerId: WORKER.id,
    status: 'running',
    endedAt: 1,
    warnings: ['slow'],
    spec,
    outcome: { status: 'completed' },
  });
  expect(await store.run(run.id)).toMatchObject({ status: 'running', spec, trackerRuns: [{ status: 'queued' }] });
  expect(await store.run(run.id)).not.toHaveProperty('endedAt');
  await store.finishRun({
    id: run.id,
    workerId: WORKER.id,
    status: 'failed',
    endedAt: 9_000,
    error,
    warnings: ['slow', 'late'],
    outcome: { status: 'failed', error },
  });
  await store.addWarnings(run.id, ['3 events undelivered', 'late']);
  expect(await store.run(run.id)).toMatchObject({
    status: 'failed',
    endedAt: 9_000,
    error,
    spec,
    warnings: ['slow', 'late', '3 events undelivered'],
    trackerRuns: [{ ...parent, desired: { status: 'failed', error } }],
  });
});

test('lists of runs are newest first unless asked otherwise', async () => {
  for (const [name, startedAt] of [
    ['b', 2],
    ['c', 3],
    ['a', 1],
  ] as const) {
    await createdRun(store, { name, startedAt });
  }
  expect(names(await store.runs({}))).toEqual(['c', 'b', 'a']);
  expect(names(await store.runs({ sort: 'startedAt' }))).toEqual(['a', 'b', 'c']);
  expect(names(await store.runs({ sort: 'name' }))).toEqual(['a', 'b', 'c']);
  expect(names(await store.runs({ sort: '-name' }))).toEqual(['c', 'b', 'a']);
  expect(await store.runNames(2)).toEqual(['c', 'b']);
});

test('a summary says who, what and when', async () => {
  const run = await createdRun(store, { stack: { name: 'team', components: [] }, experiment: 'e1' });
  const error = { name: 'Error', message: 'no', stack: 'Error: no' };
  await store.finishRun({
    id: run.id,
    workerId: WORKER.id,
    status: 'failed',
    endedAt: 7,
    error,
    warnings: [],
    outcome: { status: 'failed', error },
  });
  expect((await store.runs({})).items).toEqual([
    {
      id: run.id,
      name: run.name,
      pipeline: 'wine',
      experiment: 'e1',
      status: 'failed',
      stack: 'team',
      startedAt: 1_000,
      endedAt: 7,
      user: 'me',
      error,
    },
  ]);
});

test('every filter of a list of runs narrows it', async () => {
  await createdRun(store, { name: 'old', startedAt: 1 });
  await createdRun(store, { name: 'other-pipeline', pipeline: 'beer' });
  await createdRun(store, { name: 'other-experiment', experiment: 'beer' });
  await createdRun(store, { name: 'other-stack', stack: { name: 'team', components: [] } });
  await createdRun(store, { name: 'tagged', tags: { kind: 'good', team: 'a' } });
  await createdRun(store, { name: 'tagged-too', tags: { kind: 'good', team: 'b' } });
  const ended = await createdRun(store, { name: '50%_done' });
  await store.finishRun({
    id: ended.id,
    workerId: WORKER.id,
    status: 'completed',
    endedAt: 5,
    warnings: [],
    outcome: { status: 'completed' },
  });
  const only = async (query: RunQuery) => names(await store.runs({ sort: 'name', ...query }));
  expect(await only({ pipeline: 'beer' })).toEqual(['other-pipeline']);
  expect(await only({ experiment: 'beer' })).toEqual(['other-experiment']);
  expect(await only({ experiment: 'never' })).toEqual([]);
  expect(await only({ stack: 'team' })).toEqual(['other-stack']);
  expect(await only({ status: 'completed' })).toEqual(['50%_done']);
  expect(await only({ tags: { kind: 'good' } })).toEqual(['tagged', 'tagged-too']);
  expect(await only({ tags: { kind: 'bad' } })).toEqual([]);
  expect(await only({ tags: { never: 'good' } })).toEqual([]);
  expect(await only({ tags: { kind: 'good', team: 'b' } })).toEqual(['tagged-too']);
  expect(await only({ tags: { kind: 'good', never: 'b' } })).toEqual([]);
  expect(await only({ tags: {} })).toHaveLength(7);
  expect(await only({ name: '%_' })).toEqual(['50%_done']);
  expect(await only({ name: 'other', pipeline: 'wine' })).toEqual(['other-experiment', 'other-stack']);
});

test('a tag that most runs carry lists them in order, too', async () => {
  for (let i = 0; i < 1_010; i++)
    await store.createRun(sampleRun({ name: `r${String(i).padStart(4, '0')}`, startedAt: i, tags: { common: 'yes' } }));
  await createdRun(store, { name: 'without', startedAt: 2_000 });
  const tags = { common: 'yes' };
  expect(names(await store.runs({ tags, limit: 3 }))).toEqual(['r1009', 'r1008', 'r1007']);
  expect(await allPages({ tags, limit: 1_000 })).toHaveLength(1_010);
  await createdRun(store, { name: 'rare', tags: { common: 'yes', rare: 'yes' } });
  await createdRun(store, { name: 'rare-alone', tags: { rare: 'yes' } });
  expect(names(await store.runs({ tags: { common: 'yes', rare: 'yes' } }))).toEqual(['rare']);
});

test('paging shows every run once, also when starts are equal and new runs come in between', async () => {
  const made: string[] = [];
  for (let i = 0; i < 25; i++) made.push((await createdRun(store, { startedAt: 1_000 + Math.floor(i / 4) })).name);
  const newer = () => createdRun(store, { startedAt: 5_000 });
  expect(await allPages({ limit: 4 }, newer)).toEqual(made.toReversed());
  expect(await allPages({ limit: 7, sort: 'name', pipeline: 'wine', name: 'run-' })).toHaveLength(25 + 7);
});

test('a page is 50 long unless asked otherwise, and never longer than 1000', async () => {
  for (let i = 0; i < 1_002; i++) await store.createRun(sampleRun());
  expect((await store.runs({})).items).toHaveLength(50);
  expect((await store.runs({ limit: 5_000 })).items).toHaveLength(1_000);
  expect((await store.runs({ limit: 0 })).items).toHaveLength(1);
});

test('a page of another order or a made-up one is refused', async () => {
  await createdRun(store);
  await createdRun(store);
  const { next } = await store.runs({ limit: 1 });
  await expect(store.runs({ sort: 'name', after: next! })).rejects.toMatchObject({ code: 'BAD_USAGE' });
  await expect(store.runs({ after: 'page2' })).rejects.toMatchObject({ code: 'BAD_USAGE' });
});

test('versions are numbered per artifact, found by number, as the latest and by id', async () => {
  const run = await createdRun(store);
  const [one, two] = [await completedStep(store, run.id, 'load'), await completedStep(store, run.id, 'load')].map((step) => step.version);
  const other = (await completedStep(store, run.id, 'train')).version;
  expect([one!.version, two!.version, other.version]).toEqual([1, 2, 1]);
  expect(await store.version({ artifact: 'wine/load/output', version: 1 })).toEqual(one);
  expect(await store.version({ artifact: 'wine/load/output', version: 'latest' })).toEqual(two);
  expect(await store.version({ id: other.id })).toEqual(other);
  expect(await store.version({ artifact: 'wine/load/output', version: 3 })).toBeUndefined();
  expect(await store.version({ artifact: 'never', version: 'latest' })).toBeUndefined();
});

test('a version that is only announced is not there', async () => {
  const run = await createdRun(store);
  const { id } = await intended(store, run.id, 'wine/loose');
  expect(await store.version({ id })).toBeUndefined();
  expect(await store.versions({})).toEqual({ items: [] });
});

test('a version made outside a step belongs to the run alone', async () => {
  const run = await createdRun(store);
  const intent = {
    id: 'v'.repeat(32),
    artifact: 'wine/loose',
    storeId: 'files',
    keyPrefix: 'k',
    producerRunId: run.id,
    workerId: WORKER.id,
  };
  await store.intendVersions([intent]);
  const version = await store.commitLooseVersion(
    run.id,
    sampleVersion(intent.id, 'k.json', { metadata: { a: { type: 'number', value: 1 } } }),
  );
  expect(version).toMatchObject({
    artifact: 'wine/loose',
    version: 1,
    producerRunId: run.id,
    metadata: { a: { type: 'number', value: 1 } },
  });
  expect(version).not.toHaveProperty('producerStepRunId');
  expect(await store.version({ id: intent.id })).toEqual(version);
  expect((await store.versions({ runId: run.id })).items).toEqual([version]);
});

test('versions are listed newest first, by artifact and by run, in pages', async () => {
  const [one, two] = [await createdRun(store), await createdRun(store)];
  for (const run of [one, two]) for (const step of ['a', 'b']) await completedStep(store, run.id, step);
  const list = async (query: Parameters<typeof store.versions>[0]) =>
    (await store.versions(query)).items.map((each) => `${each.artifact.split('/')[1]}${each.version}`);
  expect(await list({})).toEqual(['b2', 'a2', 'b1', 'a1']);
  expect(await list({ artifact: 'wine/a/output' })).toEqual(['a2', 'a1']);
  expect(await list({ artifact: 'never' })).toEqual([]);
  expect(await list({ runId: one.id })).toEqual(['b1', 'a1']);
  expect(await list({ runId: one.id, artifact: 'wine/a/output' })).toEqual(['a1']);
  expect(await list({ step: 'a' })).toEqual(['a2', 'a1']);
  expect(await list({ step: 'a', runId: two.id })).toEqual(['a2']);
  expect(await list({ step: 'never', runId: two.id })).toEqual([]);
  expect(await list({ sort: 'createdAt' })).toEqual(['a1', 'b1', 'a2', 'b2']);
  expect(await list({ sort: 'name' })).toEqual(['a1', 'a2', 'b1', 'b2']);
  expect(await list({ sort: '-name', step: 'b' })).toEqual(['b2', 'b1']);
  expect(await list({ sort: 'createdAt', artifact: 'wine/a/output' })).toEqual(['a1', 'a2']);
  for (const sort of ['createdAt', '-createdAt', 'name', '-name'] as const)
    for (const query of [{}, { artifact: 'wine/a/output' }, { runId: one.id }, { step: 'b' }]) {
      const whole = await store.versions({ ...query, sort });
      for (let after: string | undefined, n = 0; n < whole.items.length; n++) {
        const { items, next } = await store.versions({ ...query, sort, limit: 1, ...(after !== undefined && { after }) });
        expect([items, next === undefined]).toEqual([[whole.items[n]], n === whole.items.length - 1]);
        after = next;
      }
    }
  const first = await store.versions({ limit: 3 });
  expect(await list({ after: first.next! })).toEqual(['a1']);
  const ofOne = await store.versions({ limit: 1, artifact: 'wine/b/output' });
  expect(await list({ artifact: 'wine/b/output', after: ofOne.next! })).toEqual(['b1']);
});
