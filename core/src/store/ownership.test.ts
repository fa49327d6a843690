import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '../id.ts';
import { completedStep, createdRun, sampleAttempt, sampleCommit, temporaryStore, WORKER } from '../testing/sample-store.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { NewRun, RunUnderWay, WorkerRecord } from './run-data.ts';
import type { SettledStep } from './step-data.ts';
import { openStore } from './open-store.ts';

let store: MetadataStore;
let path: string;
let remove: () => void;
beforeEach(async () => {
  ({ store, path, remove } = await temporaryStore());
});
afterEach(() => remove());

const DIED = { name: 'OWNER_DIED', message: 'process 1 on here ended' };
const FAILED = { status: 'failed', error: DIED } as const;
const OTHER: WorkerRecord = { ...WORKER, id: newId(), pid: 2 };
const TRACKERS = [{ component: 'mlflow', flavor: 'mlflow' }];

const seen = async (): Promise<RunUnderWay> => (await store.runsUnderWay())[0]!;
const finish = (run: NewRun, workerId = WORKER.id) =>
  store.finishRun({ id: run.id, workerId, status: 'completed', endedAt: 9_000, warnings: [], outcome: { status: 'completed' } });
function asRoot(change: string): void {
  const db = new DatabaseSync(path);
  db.exec(change);
  db.close();
}

describe('runs under way', () => {
  test('are those that have not ended, with the process that runs each', async () => {
    const run = await createdRun(store, { name: 'first' });
    const ended = await createdRun(store);
    await finish(ended);
    expect(await store.runsUnderWay()).toEqual([
      { id: run.id, name: 'first', session: 1, owner: WORKER, since: 1_000, now: expect.any(Number), cancelRequested: false },
    ]);
  });

  test('hear that they are to be stopped, with the next step that begins', async () => {
    const run = await createdRun(store);
    expect((await store.startAttempt(sampleAttempt(run.id, 'load'))).cancelRequested).toBe(false);
    expect(await store.requestCancel(run.id)).toBe(true);
    expect((await seen()).cancelRequested).toBe(true);
    expect((await store.startAttempt(sampleAttempt(run.id, 'train'))).cancelRequested).toBe(true);
    await finish(run);
    expect(await store.requestCancel(run.id)).toBe(false);
  });
});

describe('sweeping a run whose owner has died', () => {
  test('ends what had not ended, and leaves what had, in one transaction', async () => {
    const run = await createdRun(store);
    await store.createTrackerRuns(run.id, TRACKERS);
    await completedStep(store, run.id, 'load', { trackers: TRACKERS });
    await store.startAttempt(sampleAttempt(run.id, 'train', { trackers: TRACKERS, startedAt: 4_000 }));
    expect(await store.sweepRun({ seen: await seen(), outcome: FAILED })).toBe(true);
    expect(await store.run(run.id)).toMatchObject({ status: 'failed', error: DIED, endedAt: 4_000, trackerRuns: [{ desired: FAILED }] });
    const [load, train] = await store.stepRuns(run.id);
    expect(load).toMatchObject({ status: 'completed', trackerRuns: [{ desired: { status: 'completed' } }] });
    expect(train).toMatchObject({ status: 'failed', error: DIED, endedAt: 4_000, trackerRuns: [{ desired: FAILED }] });
    expect(await store.runsUnderWay()).toEqual([]);
  });

  test('leaves no tracker run that points to one which was never made: the owner died before a retry', async () => {
    const run = await createdRun(store);
    const retried = { status: 'failed', outcome: FAILED, willRetry: true } as const;
    for (const times of [2, 1])
      for (let time = 0; time < times; time++)
        await completedStep(store, run.id, `fails ${times}`, { trackers: TRACKERS }, { ...retried, versions: [] });
    await store.sweepRun({ seen: await seen(), outcome: FAILED });
    const ofSteps = (await store.stepRuns(run.id)).map(({ stepId, trackerRuns: [tracker] }) => [stepId, tracker!.supersededBy]);
    expect(ofSteps).toEqual([
      ['fails 2', expect.any(String)],
      ['fails 2', undefined],
      ['fails 1', undefined],
    ]);
  });

  test('ends it as killed if somebody had asked it to stop', async () => {
    const run = await createdRun(store);
    await store.startAttempt(sampleAttempt(run.id, 'train'));
    await store.sweepRun({ seen: await seen(), outcome: { status: 'killed', reason: 'cancelled' } });
    expect(await store.run(run.id)).toMatchObject({ status: 'killed', error: { name: 'Killed', message: 'cancelled' } });
    expect((await store.stepRuns(run.id))[0]).toMatchObject({ status: 'killed' });
  });

  test('is done by one of many', async () => {
    await createdRun(store);
    const others = await Promise.all(Array.from({ length: 8 }, () => openStore(`sqlite:${path}`)));
    const found = await Promise.all(others.map(async (other) => (await other.runsUnderWay())[0]!));
    const swept = await Promise.all(others.map((other, i) => other.sweepRun({ seen: found[i]!, outcome: FAILED })));
    expect(swept.filter(Boolean)).toHaveLength(1);
    for (const other of others) other.close();
  });

  test('is not done when the owner was heard of since, or the run has another session', async () => {
    const run = await createdRun(store);
    const before = await seen();
    asRoot('UPDATE workers SET beat_at = 5');
    expect(await store.sweepRun({ seen: before, outcome: FAILED })).toBe(false);
    expect(await store.sweepRun({ seen: { ...(await seen()), session: 2 }, outcome: FAILED })).toBe(false);
    expect(await store.run(run.id)).toMatchObject({ status: 'running' });
    expect(await store.sweepRun({ seen: await seen(), outcome: FAILED })).toBe(true);
  });

  test('is left for later while another process holds the store', async () => {
    await createdRun(store);
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    const startedAt = Date.now();
    await expect(store.sweepRun({ seen: await seen(), outcome: FAILED })).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    holder.exec('ROLLBACK');
    holder.close();
    expect(await store.sweepRun({ seen: await seen(), outcome: FAILED })).toBe(true);
  });
});

describe('an owner that wakes up after its run was swept', () => {
  test('can write nothing to it any more', async () => {
    const run = await createdRun(store, { name: 'lost' });
    const attempt = sampleAttempt(run.id, 'train');
    const { fence } = await store.startAttempt(attempt);
    await store.sweepRun({ seen: await seen(), outcome: FAILED });
    const refused = { code: 'RUN_TAKEN_OVER', facts: { run: 'lost', status: 'failed' } };
    await expect(store.commitAttempt(sampleCommit(attempt.id, fence))).rejects.toMatchObject(refused);
    await expect(store.startAttempt(sampleAttempt(run.id, 'next'))).rejects.toMatchObject(refused);
    const skip: SettledStep = { id: newId(), runId: run.id, stepId: 'x', stepName: 'x', status: 'skipped', at: 1, workerId: WORKER.id, inputs: {}, trackers: [] }; // prettier-ignore
    await expect(store.settleSteps([skip])).rejects.toMatchObject(refused);
    await expect(finish(run)).rejects.toMatchObject(refused);
    expect(await store.run(run.id)).toMatchObject({ status: 'failed', error: DIED });
    expect((await store.stepRuns(run.id)).map(({ stepId, status }) => [stepId, status])).toEqual([['train', 'failed']]);
  });

  test('can write nothing to what another process makes of it', async () => {
    const run = await createdRun(store);
    await store.sweepRun({ seen: await seen(), outcome: FAILED });
    await store.resumeRun({ runId: run.id, worker: OTHER, at: 7_000 });
    await expect(finish(run)).rejects.toMatchObject({ code: 'RUN_TAKEN_OVER', facts: { status: 'running' } });
    await finish(run, OTHER.id);
    expect(await store.run(run.id)).toMatchObject({ status: 'completed' });
  });

  test('but an end that was told twice is one end', async () => {
    const run = await createdRun(store);
    await finish(run);
    await finish(run);
    expect(await store.run(run.id)).toMatchObject({ status: 'completed', endedAt: 9_000 });
  });
});

describe('resuming a run', () => {
  const failed = async (): Promise<NewRun> => {
    const run = await createdRun(store, { name: 'again' });
    await store.createTrackerRuns(run.id, TRACKERS);
    await completedStep(store, run.id, 'load');
    const bad = sampleAttempt(run.id, 'train');
    const { fence } = await store.startAttempt(bad);
    await store.commitAttempt(sampleCommit(bad.id, fence, { status: 'failed', error: DIED, outcome: FAILED }));
    const skip: SettledStep = { id: newId(), runId: run.id, stepId: 'x', stepName: 'x', status: 'skipped', at: 1, workerId: WORKER.id, inputs: {}, trackers: [] }; // prettier-ignore
    await store.settleSteps([skip]);
    await store.finishRun({
      id: run.id,
      workerId: WORKER.id,
      status: 'failed',
      endedAt: 9_000,
      error: DIED,
      warnings: [],
      outcome: FAILED,
    });
    return run;
  };

  test('opens a new session of the same run; skipped steps are forgotten, attempts stay and are counted on', async () => {
    const run = await failed();
    await store.resumeRun({ runId: run.id, worker: OTHER, at: 10_000, spec: { ...run.spec, params: { later: 1 } } });
    const resumed = (await store.run(run.id))!;
    expect(resumed).toMatchObject({ id: run.id, name: 'again', status: 'running', spec: { params: { later: 1 } } });
    expect(resumed).not.toHaveProperty('endedAt');
    expect(resumed).not.toHaveProperty('error');
    expect(await seen()).toMatchObject({ session: 2, owner: OTHER, since: 10_000 });
    expect((await store.stepRuns(run.id)).map(({ stepId }) => stepId)).toEqual(['load', 'train']);
    expect((await store.startAttempt(sampleAttempt(run.id, 'train', { workerId: OTHER.id }))).attempt).toBe(2);
  });

  test('a step that is settled after it was tried comes after its attempts', async () => {
    const run = await failed();
    await store.resumeRun({ runId: run.id, worker: OTHER, at: 10_000 });
    const hit: SettledStep = { id: newId(), runId: run.id, stepId: 'train', stepName: 'train', status: 'skipped', at: 1, workerId: OTHER.id, inputs: {}, trackers: [] }; // prettier-ignore
    await store.settleSteps([hit]);
    expect((await store.stepRuns(run.id)).filter(({ stepId }) => stepId === 'train').map((each) => [each.attempt, each.status]).toSorted()).toEqual([[1, 'failed'], [2, 'skipped']]); // prettier-ignore
  });

  test('goes on with the parent tracker run, which has no end again until the run has one', async () => {
    const run = await failed();
    const [parent] = (await store.run(run.id))!.trackerRuns;
    await store.updateTrackerRun({ id: parent!.id, status: 'failed' });
    await store.resumeRun({ runId: run.id, worker: OTHER, at: 10_000 });
    expect((await store.run(run.id))!.trackerRuns[0]).not.toHaveProperty('desired');
    await finish(run, OTHER.id);
    expect((await store.run(run.id))!.trackerRuns).toMatchObject([
      { key: parent!.key, status: 'running', desired: { status: 'completed' } },
    ]);
  });

  test('is refused while the run is under way, and once it has completed', async () => {
    const run = await failed();
    await store.resumeRun({ runId: run.id, worker: OTHER, at: 10_000 });
    const again = store.resumeRun({ runId: run.id, worker: WORKER, at: 11_000 });
    await expect(again).rejects.toMatchObject({ code: 'RUN_UNDER_WAY', facts: { run: 'again', pid: 2, host: 'here' } });
    await finish(run, OTHER.id);
    await expect(store.resumeRun({ runId: run.id, worker: WORKER, at: 12_000 })).rejects.toMatchObject({ code: 'RUN_IS_OVER' });
  });
});
