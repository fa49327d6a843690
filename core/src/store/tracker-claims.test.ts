import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

import { newId } from '../id.ts';
import { completedStep, createdRun, temporaryStore, WORKER } from '../testing/sample-store.ts';
import type { TrackerRunClaim } from './delivery-store.ts';
import { openStore } from './open-store.ts';

let place: Awaited<ReturnType<typeof temporaryStore>>;
let runId: string;
beforeEach(async () => {
  place = await temporaryStore();
  runId = (await createdRun(place.store)).id;
  await completedStep(place.store, runId, 'train', { trackers: [{ component: 'mine', flavor: 'local', settings: { color: 'red' } }] });
});
afterEach(() => {
  jest.restoreAllMocks();
  place.remove();
});

const claimOf = (id = newId()): TrackerRunClaim => ({ runId, component: 'mine', worker: { ...WORKER, id } });
const endRun = (): Promise<void> =>
  place.store.finishRun({
    ...{ id: runId, workerId: WORKER.id, status: 'killed', endedAt: 7, warnings: [], error: { name: 'Killed', message: 'SIGINT' } },
    outcome: { status: 'killed', reason: 'SIGINT' },
  });
const passes = (ms: number): void => {
  const now = Date.now();
  jest.spyOn(Date, 'now').mockReturnValue(now + ms);
};

test('nothing of a run that is under way can be claimed', async () => {
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toEqual([]);
  expect(await place.store.dueTrackerRuns({})).toMatchObject([{ runId, component: 'mine', trackerRuns: 1, free: false }]);
});

test('a claim gives all that its holder needs, with the parent that was never recorded', async () => {
  await endRun();
  const [parent, step] = await place.store.claimTrackerRuns(claimOf(), 'due');
  expect(parent).toMatchObject({ runId, desired: { status: 'killed', reason: 'SIGINT' }, endedAt: 7, several: false, resumed: false });
  expect(parent).not.toHaveProperty('step');
  expect(step).toMatchObject({
    step: { stepId: 'train', attempt: 1 },
    desired: { status: 'completed' },
    settings: { color: 'red' },
    status: 'queued',
    acked: {},
    position: 0,
  });
});

test('of ten that claim at once, in connections of their own, one gets it', async () => {
  await endRun();
  const stores = await Promise.all(Array.from({ length: 10 }, () => openStore(`sqlite:${place.path}`)));
  const claims = await Promise.all(stores.map((store) => store.claimTrackerRuns(claimOf(), 'due')));
  expect(claims.map((rows) => rows.length).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
  for (const store of stores) store.close();
});

test('a claim holds for 30 s, longer when it is renewed, and no longer than its holder wants', async () => {
  await endRun();
  const [first, second] = [claimOf(), claimOf()];
  await place.store.claimTrackerRuns(first, 'due');
  passes(20_000);
  expect(await place.store.renewClaim(first)).toBe(true);
  passes(20_000);
  expect(await place.store.claimTrackerRuns(second, 'due')).toEqual([]);
  passes(20_000);
  expect(await place.store.claimTrackerRuns(second, 'due')).toHaveLength(2);
  expect(await place.store.renewClaim(first)).toBe(false);
  await place.store.releaseClaim(first);
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toEqual([]);
  await place.store.releaseClaim(second);
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toHaveLength(2);
});

test('the claims of a process that died are freed by whoever finds out', async () => {
  await endRun();
  const claim = claimOf();
  await place.store.claimTrackerRuns(claim, 'due');
  expect(await place.store.dueTrackerRuns({})).toMatchObject([{ claimedBy: claim.worker }]);
  await place.store.releaseClaimsOf(claim.worker.id);
  expect(await place.store.dueTrackerRuns({ component: 'mine', runId })).toMatchObject([{ free: true }]);
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toHaveLength(2);
});

test('the process of a run keeps what it still delivers, until it is at its end', async () => {
  const outcome = { status: 'completed' } as const;
  const end = { id: runId, workerId: WORKER.id, status: 'completed', endedAt: 7, warnings: [], outcome } as const;
  await place.store.finishRun({ ...end, warnings: [], claim: { workerId: WORKER.id, ms: 5_000, components: ['mine'] } });
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toEqual([]);
  const [row] = (await place.store.stepRuns(runId))[0]!.trackerRuns;
  await place.store.updateTrackerRun({ id: row!.id, status: 'completed', rejected: [{ writer: 'w', seq: 1, why: 'x' }] });
  expect(await place.store.claimTrackerRuns(claimOf(), 'rejected')).toHaveLength(1);
});

test('the process of a run keeps nothing at components to which it delivers nothing', async () => {
  await place.store.addTrackerRuns({ runId, component: 'other', flavor: 'local', settings: {} });
  const outcome = { status: 'completed' } as const;
  const end = { id: runId, workerId: WORKER.id, status: 'completed', endedAt: 7, outcome } as const;
  await place.store.finishRun({ ...end, warnings: [], claim: { workerId: WORKER.id, ms: 5_000, components: ['mine'] } });
  expect(await place.store.claimTrackerRuns(claimOf(), 'due')).toEqual([]);
  expect(await place.store.claimTrackerRuns({ ...claimOf(), component: 'other' }, 'due')).toHaveLength(2);
});

test('what was dropped does not wait any more, and its set-aside events are gone', async () => {
  const [row] = (await place.store.stepRuns(runId))[0]!.trackerRuns;
  await place.store.updateTrackerRun({ id: row!.id, rejected: [{ writer: 'w', seq: 1, why: 'x' }] });
  expect((await place.store.dropTrackerRuns({ component: 'mine' })).trackerRuns).toBe(0);
  await endRun();
  await place.store.updateTrackerRun({ id: row!.id, rejected: [{ writer: 'w', seq: 1, why: 'x' }] });
  expect(await place.store.dropTrackerRuns({ component: 'mine', runId })).toEqual({ trackerRuns: 1, events: 1 });
  expect(await place.store.undelivered()).toEqual([]);
  expect(await place.store.hasLeftWork()).toBe(false);
  expect(await place.store.rejectedEvents({})).toEqual([]);
});

test('what was refused of a tracker run that was dropped before its end is set aside again when it is wanted again', async () => {
  const [row] = (await place.store.stepRuns(runId))[0]!.trackerRuns;
  const rejected = [{ writer: 'w', seq: 1, why: 'x' }];
  await place.store.updateTrackerRun({ id: row!.id, acked: { w: 1 }, rejected });
  // Of a run that is under way nothing is dropped: it would be said to have all.
  expect(await place.store.dropTrackerRuns({})).toEqual({ trackerRuns: 0, events: 0 });
  expect(await place.store.rejectedEvents({})).toMatchObject(rejected);
  await endRun();
  expect(await place.store.dropTrackerRuns({})).toEqual({ trackerRuns: 1, events: 1 });
  expect(await place.store.dropTrackerRuns({})).toEqual({ trackerRuns: 0, events: 0 });
  expect(await place.store.rejectedEvents({})).toEqual([]);
  await place.store.addTrackerRuns({ runId, component: 'mine', flavor: 'local', settings: {} });
  expect(await place.store.rejectedEvents({})).toMatchObject(rejected);
  // Of one that has ended it is gone: the mark says that it was.
  await place.store.updateTrackerRun({ id: row!.id, status: 'completed' });
  expect((await place.store.dropTrackerRuns({})).events).toBe(1);
  expect((await place.store.stepRuns(runId))[0]!.trackerRuns).toMatchObject([{ dropped: true, rejected: 0 }]);
});
