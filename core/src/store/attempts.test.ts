import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '../id.ts';
import {
  completedStep,
  createdRun,
  producedVersion,
  sampleAttempt,
  sampleCommit,
  temporaryStore,
  WORKER,
} from '../testing/sample-store.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { NewRun } from './run-data.ts';

let store: MetadataStore;
let path: string;
let remove: () => void;
let run: NewRun;

beforeEach(async () => {
  ({ store, path, remove } = await temporaryStore());
  run = await createdRun(store);
});
afterEach(() => remove());

/** What another process that takes an attempt over would do. */
function takeOver(stepRunId: string): void {
  const other = new DatabaseSync(path);
  other.prepare('UPDATE step_runs SET fence = fence + 1 WHERE run_id = ?').run(stepRunId);
  other.close();
}

const steps = async () => (await store.stepRuns(run.id)).map(({ stepId, attempt, status }) => ({ stepId, attempt, status }));

test('attempts are numbered from 1 per step and per item of a mapped step', async () => {
  const number = async (stepId: string, mapIndex?: number) =>
    (await store.startAttempt(sampleAttempt(run.id, stepId, mapIndex === undefined ? {} : { mapIndex }))).attempt;
  expect([await number('train'), await number('train'), await number('load')]).toEqual([1, 2, 1]);
  expect([await number('score', 0), await number('score', 1), await number('score', 1)]).toEqual([1, 1, 2]);
  expect((await store.stepRuns(run.id)).map((step) => step.mapIndex)).toEqual([undefined, undefined, undefined, 0, 1, 1]);
});

test('the last attempt of a step, or of an item, is found by the name or the id of its run, or as that of the latest', async () => {
  const ids: string[] = [];
  for (const more of [{}, {}, { mapIndex: 0 }, { mapIndex: 1 }, { mapIndex: 1 }])
    ids.push((await completedStep(store, run.id, 'train', more)).id);
  for (const key of [run.name, run.id, 'latest']) {
    expect(await store.lastAttempt(key, { stepId: 'train' })).toEqual({ id: ids[1] });
    expect(await store.lastAttempt(key, { stepId: 'train', mapIndex: 0 })).toEqual({ id: ids[2] });
    expect(await store.lastAttempt(key, { stepId: 'train', mapIndex: 1 })).toEqual({ id: ids[4] });
    expect(await store.lastAttempt(key, { stepId: 'load' })).toEqual({});
  }
  expect(await store.lastAttempt(ids[1]!, { stepId: 'train' })).toBeUndefined();
});

test('a repeated start of one attempt gives the attempt that was started, not another', async () => {
  const attempt = sampleAttempt(run.id, 'train', { trackers: [{ component: 'mlflow', flavor: 'mlflow' }] });
  const first = await store.startAttempt(attempt);
  expect(await store.startAttempt(attempt)).toEqual(first);
  expect(await steps()).toEqual([{ stepId: 'train', attempt: 1, status: 'running' }]);
});

test('a committed attempt is what the store shows: status, outputs with their numbers, metadata', async () => {
  const attempt = sampleAttempt(run.id, 'load', {
    inputs: { rows: { value: 178 } },
    notCached: 'it reads the clock',
    stepName: 'loadWine',
  });
  const { fence } = await store.startAttempt(attempt);
  const version = producedVersion('wine/load/output', {
    manifest: [{ path: 'a', key: 'k/a', size: 1, sha256: 'aa' }],
    meta: { shape: [1, 2] },
    metadata: { rows: { type: 'number', value: 178 } },
  });
  const committed = await store.commitAttempt(
    sampleCommit(attempt.id, fence, {
      runId: run.id,
      versions: [version],
      metadata: { note: { type: 'json', value: { a: [null, 'x'] } } },
    }),
  );
  expect(committed).toEqual([
    {
      ...version,
      artifact: 'wine/load/output',
      version: 1,
      storeId: 'files',
      createdAt: 3_000,
      producerStepRunId: attempt.id,
      producerRunId: run.id,
    },
  ]);
  const [step] = await store.stepRuns(run.id);
  expect(step).toEqual({
    id: attempt.id,
    runId: run.id,
    stepId: 'load',
    stepName: 'loadWine',
    attempt: 1,
    status: 'completed',
    startedAt: 2_000,
    endedAt: 3_000,
    inputs: { rows: { value: 178 } },
    notCached: 'it reads the clock',
    outputs: committed,
    metadata: { note: { type: 'json', value: { a: [null, 'x'] } } },
    trackerRuns: [],
    tracked: { params: {}, metrics: {}, tags: {}, artifacts: [], documents: [] },
  });
});

test('an owner whose attempt was taken over commits nothing', async () => {
  const attempt = sampleAttempt(run.id, 'train', { cacheKey: 'key' });
  const { fence } = await store.startAttempt(attempt);
  const version = producedVersion('wine/train/output');
  takeOver(attempt.id);
  const commit = sampleCommit(attempt.id, fence, { versions: [version], metadata: { m: { type: 'string', value: 'x' } }, cache: true });
  await expect(store.commitAttempt(commit)).rejects.toMatchObject({ code: 'FENCE_LOST', facts: { step: 'train', attempt: 1 } });
  expect(await steps()).toEqual([{ stepId: 'train', attempt: 1, status: 'running' }]);
  expect((await store.stepRuns(run.id))[0]).toMatchObject({ outputs: [], metadata: {} });
  expect(await store.findCached('key')).toBeUndefined();
  expect(await store.version({ artifact: 'wine/train/output', version: 'latest' })).toBeUndefined();
});

test('an attempt is committed once', async () => {
  const attempt = sampleAttempt(run.id, 'train');
  const { fence } = await store.startAttempt(attempt);
  await store.commitAttempt(sampleCommit(attempt.id, fence, { status: 'killed', outcome: { status: 'killed', reason: 'SIGINT' } }));
  await expect(store.commitAttempt(sampleCommit(attempt.id, fence))).rejects.toMatchObject({ code: 'FENCE_LOST' });
  expect(await steps()).toEqual([{ stepId: 'train', attempt: 1, status: 'killed' }]);
});

test('a commit that fails half way writes nothing, also not the versions before', async () => {
  const attempt = sampleAttempt(run.id, 'split');
  const { fence } = await store.startAttempt(attempt);
  const kept = producedVersion('wine/split/train', { output: 'train' });
  const taken = { ...kept, artifact: 'wine/split/test', output: 'test' };
  await expect(store.commitAttempt(sampleCommit(attempt.id, fence, { versions: [kept, taken] }))).rejects.toThrow();
  expect(await store.version({ id: kept.id })).toBeUndefined();
  expect(await steps()).toEqual([{ stepId: 'split', attempt: 1, status: 'running' }]);
});

test('several versions of one artifact in one commit are numbered one after the other', async () => {
  const attempt = sampleAttempt(run.id, 'split');
  const { fence } = await store.startAttempt(attempt);
  const versions = [producedVersion('wine/part', { output: 'a' }), producedVersion('wine/part', { output: 'b' })];
  const committed = await store.commitAttempt(sampleCommit(attempt.id, fence, { versions }));
  expect(committed.map(({ version }) => version)).toEqual([1, 2]);
});

test('a failed attempt keeps its error, and its tracker run points to that of the next attempt', async () => {
  const trackers = [{ component: 'mlflow', flavor: 'mlflow' }];
  const attempt = sampleAttempt(run.id, 'score', { mapIndex: 2, trackers });
  const { fence, trackerRuns } = await store.startAttempt(attempt);
  const error = { name: 'TypeError', message: 'no data', stack: 'TypeError: no data\n  at score' };
  await store.commitAttempt(
    sampleCommit(attempt.id, fence, { status: 'failed', error, outcome: { status: 'failed', error }, willRetry: true }),
  );
  const next = await store.startAttempt(sampleAttempt(run.id, 'score', { mapIndex: 2, trackers }));
  const of = { runId: run.id, stepId: 'score', mapIndex: 2, component: 'mlflow' };
  expect(trackerRuns).toEqual([
    { id: trackerRunKey({ ...of, attempt: 1 }), key: trackerRunKey({ ...of, attempt: 1 }), component: 'mlflow' },
  ]);
  const [first, second] = await store.stepRuns(run.id);
  expect(first).toMatchObject({ status: 'failed', error, endedAt: 3_000 });
  expect(first!.trackerRuns).toEqual([
    {
      ...trackerRuns[0],
      runId: attempt.id,
      flavor: 'mlflow',
      status: 'queued',
      desired: { status: 'failed', error },
      acked: {},
      rejected: 0,
      supersededBy: next.trackerRuns[0]!.key,
    },
  ]);
  expect(second!.trackerRuns[0]).not.toHaveProperty('desired');
  expect(second!.trackerRuns[0]).not.toHaveProperty('supersededBy');
});

test('an attempt that fails for the last time is superseded by none', async () => {
  const attempt = sampleAttempt(run.id, 'score', { trackers: [{ component: 'mlflow', flavor: 'mlflow' }] });
  const { fence } = await store.startAttempt(attempt);
  const error = { name: 'Error', message: 'no' };
  await store.commitAttempt(sampleCommit(attempt.id, fence, { status: 'failed', error, outcome: { status: 'failed', error } }));
  expect((await store.stepRuns(run.id))[0]!.trackerRuns[0]).not.toHaveProperty('supersededBy');
});

test('a cached step is found, and shows the outputs, metadata, logged values and URL of the step that ran', async () => {
  const source = await completedStep(
    store,
    run.id,
    'train',
    { cacheKey: 'k', trackers: [{ component: 'mlflow', flavor: 'mlflow', settings: { registerModel: 'wine' } }] },
    { cache: true },
  );
  await store.updateTrackerRun({ id: source.started.trackerRuns[0]!.id, ref: { url: 'http://mlflow/1', ids: {} } });
  await store.putMetadata(source.id, { experiment_tracker_url: { type: 'uri', value: 'http://mlflow/1' } });
  const hit = await store.findCached('k');
  const seenBy = [{ component: 'mlflow', settings: { registerModel: 'wine' } }];
  expect(hit).toEqual({ stepRunId: source.id, runId: run.id, outputs: [source.version], seenBy, url: 'http://mlflow/1' });

  const later = await createdRun(store);
  const id = newId();
  const [settled] = await store.settleSteps([
    {
      id,
      runId: later.id,
      stepId: 'train',
      stepName: 'train',
      status: 'cached',
      at: 5_000,
      workerId: WORKER.id,
      inputs: {},
      cacheKey: 'k',
      sourceStepRunId: hit!.stepRunId,
      trackers: [{ component: 'wandb', flavor: 'wandb' }],
      outcome: { status: 'cached', source: { runId: run.id } },
    },
  ]);
  await store.putMetadata(id, { own: { type: 'boolean', value: true } });
  const [step] = await store.stepRuns(later.id);
  expect(step).toMatchObject({
    status: 'cached',
    attempt: 0,
    startedAt: 5_000,
    endedAt: 5_000,
    sourceStepRunId: source.id,
    outputs: [source.version],
  });
  expect(step!.metadata).toEqual({
    experiment_tracker_url: { type: 'uri', value: 'http://mlflow/1' },
    own: { type: 'boolean', value: true },
  });
  expect(step!.trackerRuns).toMatchObject([
    { ...settled!.trackerRuns[0], runId: id, desired: { status: 'cached', source: { runId: run.id } } },
  ]);
});

test('only a completed step that asked for it is remembered, the newest first', async () => {
  await completedStep(store, run.id, 'a', { cacheKey: 'asked not' });
  await completedStep(store, run.id, 'b', { cacheKey: 'failed' }, { cache: true, status: 'failed' });
  await completedStep(store, run.id, 'c', {}, { cache: true });
  expect([await store.findCached('asked not'), await store.findCached('failed')]).toEqual([undefined, undefined]);
  await completedStep(store, run.id, 'd', { cacheKey: 'twice' }, { cache: true });
  const newer = await completedStep(store, run.id, 'd', { cacheKey: 'twice' }, { cache: true });
  expect((await store.findCached('twice'))!.stepRunId).toBe(newer.id);
});

test('a step whose version is gone is no hit, an older one that still has its own is', async () => {
  const older = await completedStep(store, run.id, 'train', { cacheKey: 'k' }, { cache: true });
  const newer = await completedStep(store, run.id, 'train', { cacheKey: 'k' }, { cache: true });
  const collector = new DatabaseSync(path);
  const collect = collector.prepare("UPDATE artifact_versions SET state = 'deleting' WHERE id = ?");
  collect.run(newer.version.id);
  expect((await store.findCached('k'))!.stepRunId).toBe(older.id);
  collect.run(older.version.id);
  expect(await store.findCached('k')).toBeUndefined();
  collector.close();
});

test('what the cache has for the steps after one is what a look-up of each gives', async () => {
  const other = await createdRun(store);
  const keys = ['tracked', 'failed', 'asked not', 'gone', 'twice', 'elsewhere', 'two outputs', 'none'];
  await completedStep(store, run.id, 'a', { cacheKey: 'before' }, { cache: true });
  const first = await completedStep(store, run.id, 'b', { cacheKey: 'first' }, { cache: true });
  const trackers = [{ component: 'mlflow', flavor: 'mlflow' }];
  const tracked = await completedStep(store, run.id, 'tracked', { cacheKey: 'tracked', trackers }, { cache: true });
  await store.updateTrackerRun({ id: tracked.started.trackerRuns[0]!.id, ref: { url: 'http://mlflow/1', ids: {} } });
  await completedStep(store, run.id, 'failed', { cacheKey: 'failed' }, { cache: true, status: 'failed' });
  await completedStep(store, run.id, 'asked not', { cacheKey: 'asked not' });
  const gone = await completedStep(store, run.id, 'gone', { cacheKey: 'gone' }, { cache: true });
  await completedStep(store, run.id, 'twice', { cacheKey: 'twice' }, { cache: true });
  const newer = await completedStep(store, run.id, 'twice', { cacheKey: 'twice' }, { cache: true });
  await completedStep(store, other.id, 'elsewhere', { cacheKey: 'elsewhere' }, { cache: true });
  const metadata = { rows: { type: 'number' as const, value: 3 } };
  const versions = [producedVersion('wine/x', { metadata }), producedVersion('wine/y', { output: 'other' })];
  await completedStep(store, run.id, 'two outputs', { cacheKey: 'two outputs' }, { cache: true, versions });
  const collector = new DatabaseSync(path);
  collector.prepare("UPDATE artifact_versions SET state = 'deleting' WHERE id = ?").run(gone.version.id);
  collector.close();

  const after = await store.cachedAfter(first.id);
  expect([...after.keys()].sort()).toEqual(['elsewhere', 'tracked', 'twice', 'two outputs']);
  for (const key of keys) expect(after.get(key)).toEqual(await store.findCached(key));
  expect(after.get('twice')!.stepRunId).toBe(newer.id);
  expect(after.get('tracked')!.url).toBe('http://mlflow/1');
  expect(after.get('two outputs')!.outputs.map((version) => version.metadata)).toEqual([metadata, {}]);
  expect((await store.cachedAfter(newer.id)).has('twice')).toBe(false);
});

test('steps that needed no attempt are written together, or not at all', async () => {
  const settled = (stepId: string) => ({
    ...{ id: newId(), runId: run.id, stepId, stepName: stepId, workerId: WORKER.id, inputs: {}, trackers: [] },
    ...{ status: 'skipped' as const, at: 9 },
  });
  await store.settleSteps([settled('a'), settled('b')]);
  const unfit = { ...settled('d'), sourceStepRunId: 'nothing' };
  await expect(store.settleSteps([settled('c'), unfit])).rejects.toThrow();
  expect((await steps()).map(({ stepId }) => stepId)).toEqual(['a', 'b']);
});

test('a skipped step says why, once', async () => {
  const skipped = { id: newId(), runId: run.id, stepId: 'deploy', stepName: 'deploy', workerId: WORKER.id, inputs: {}, trackers: [] };
  for (let times = 0; times < 2; times++)
    await store.settleSteps([{ ...skipped, status: 'skipped', at: 9, reason: 'the model is not good' }]);
  expect(await store.stepRuns(run.id)).toMatchObject([{ status: 'skipped', attempt: 0, reason: 'the model is not good', endedAt: 9 }]);
});

test('what an attempt was given is recorded as it was, and as lineage through lists', async () => {
  const made = [await completedStep(store, run.id, 'a'), await completedStep(store, run.id, 'b')].map(({ version }) => ({
    versionId: version.id,
    artifact: version.artifact,
    version: version.version,
  }));
  const inputs = { lr: { value: { $: 'NaN' } }, models: { list: [made[0]!, { list: [{ ...made[1]!, item: 3 }] }, { value: 1 }] } };
  const attempt = sampleAttempt(run.id, 'ensemble', { inputs });
  await store.startAttempt(attempt);
  expect((await store.stepRuns(run.id)).at(-1)!.inputs).toEqual(inputs);
  const look = new DatabaseSync(path);
  const refs = look
    .prepare("SELECT name, version_id, selector FROM artifact_refs WHERE run_id = ? AND role = 'input' ORDER BY version_id")
    .all(attempt.id);
  look.close();
  expect(refs).toEqual([
    { name: 'models', version_id: made[0]!.versionId, selector: -1 },
    { name: 'models', version_id: made[1]!.versionId, selector: 3 },
  ]);
});

test('the tracker runs of an attempt stay in the order of its trackers', async () => {
  const run = await createdRun(store);
  for (let times = 0; times < 8; times++) {
    const trackers = ['second', 'first', 'third'].map((component) => ({ component, flavor: 'f' }));
    const attempt = sampleAttempt(run.id, `step${times}`, { trackers });
    const { trackerRuns } = await store.startAttempt(attempt);
    expect(trackerRuns.map(({ component }) => component)).toEqual(['second', 'first', 'third']);
  }
  for (const { trackerRuns } of await store.stepRuns(run.id))
    expect(trackerRuns.map(({ component }) => component)).toEqual(['second', 'first', 'third']);
});

test('what a failed attempt was given is lineage too', async () => {
  const { version } = await completedStep(store, run.id, 'a');
  const attempt = sampleAttempt(run.id, 'b', { inputs: { rows: { versionId: version.id, artifact: version.artifact, version: 1 } } });
  const { fence } = await store.startAttempt(attempt);
  const error = { name: 'Error', message: 'no' };
  await store.commitAttempt(sampleCommit(attempt.id, fence, { status: 'failed', error, outcome: { status: 'failed', error } }));
  const look = new DatabaseSync(path);
  const refs = look.prepare('SELECT role, name, version_id FROM artifact_refs WHERE run_id = ?').all(attempt.id);
  look.close();
  expect(refs).toEqual([{ role: 'input', name: 'rows', version_id: version.id }]);
});

test('what an attempt announced can be found by who collects what it left behind', async () => {
  const intents = [{ id: newId(), artifact: 'wine/a', storeId: 'files', keyPrefix: 'wine/a.1' }];
  const attempt = sampleAttempt(run.id, 'a', { intents });
  await store.startAttempt(attempt);
  const look = new DatabaseSync(path);
  const { intents: found } = look.prepare('SELECT intents FROM step_runs WHERE run_id = ?').get(attempt.id) as { intents: string };
  look.close();
  expect(JSON.parse(found)).toEqual(intents);
});

test('what an attempt announced is nobody’s version until it commits', async () => {
  const run = await createdRun(store);
  const id = newId();
  const attempt = sampleAttempt(run.id, 'announced', {});
  const intent = { id, artifact: 'wine/announced', storeId: 'files', keyPrefix: `k/${id}` };
  const { fence } = await store.startAttempt({ ...attempt, intents: [intent] });
  expect(await store.version({ id })).toBeUndefined();
  await store.commitAttempt(sampleCommit(attempt.id, fence, { versions: [{ ...producedVersion('wine/announced'), id }] }));
  expect(await store.version({ id })).toMatchObject({ artifact: 'wine/announced', version: 1 });
});
