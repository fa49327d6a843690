import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { newId } from '../id.ts';
import { createdRun, temporaryFolder, temporaryStore, WORKER } from '../testing/sample-store.ts';
import { applyLeftLogs } from './apply-left-logs.ts';
import { EventLogWriter, segmentId } from './event-log-writer.ts';

let place: Awaited<ReturnType<typeof temporaryStore>> & { folder: ReturnType<typeof temporaryFolder> };
let runId: string;
let writer: EventLogWriter;
beforeEach(async () => {
  place = Object.assign(await temporaryStore(), { folder: temporaryFolder() });
  runId = (await createdRun(place.store)).id;
  writer = new EventLogWriter(join(place.folder.path, runId));
});
afterEach(() => {
  place.remove();
  place.folder.remove();
});

/** Logs into a step run, and gives the bytes where each line begins and ends. */
function log(stepRunId: string, ...losses: number[]): { from: number; to: number }[] {
  return losses.map((loss, step) => writer.append(stepRunId, { kind: 'metrics', values: { loss }, step }));
}

const path = (): string => writer.segments[0]!.path;
const apply = (): Promise<void> => applyLeftLogs({ store: place.store, logFolder: place.folder.path, worker: WORKER }, runId);
const history = async (id: string): Promise<number[]> => (await place.store.metricHistory(id, 'loss')).map(({ value }) => value);
const warnings = async (): Promise<string[]> => (await place.store.run(runId))!.warnings;
const segments = () => place.store.segments(runId);
/** As the process of the run does it. */
const announce = () => place.store.openSegment({ id: segmentId(path()), runId, workerId: WORKER.id, path: path(), openedAt: 1 });

test('segments that the store never heard of are found in the folder of the run, and sealed', async () => {
  const step = newId();
  log(step, 1, 2, 3);
  await apply();
  expect(await history(step)).toEqual([1, 2, 3]);
  expect(await segments()).toMatchObject([{ sealed: true, appliedLines: 3, path: path() }]);
  expect(await warnings()).toEqual([]);
});

test('what was applied is not applied again: it goes on from the cursor', async () => {
  const step = newId();
  const [, second] = log(step, 1, 2, 3, 4);
  await announce();
  await place.store.applyEvents(segmentId(path()), [], 0, second!.to, 2);
  await apply();
  expect(await history(step)).toEqual([3, 4]);
});

test('a second time, and by ten at once, nothing changes', async () => {
  const step = newId();
  log(step, ...Array.from({ length: 3_000 }, (_, i) => i));
  await Promise.all(Array.from({ length: 10 }, apply));
  await apply();
  expect(await history(step)).toHaveLength(3_000);
  expect((await segments()).map(({ sealed, appliedLines }) => [sealed, appliedLines])).toEqual([[true, 3_000]]);
});

test('a line that its writer had no time to finish is left out: it was never promised', async () => {
  const step = newId();
  log(step, 1, 2);
  appendFileSync(path(), readFileSync(path()).subarray(0, 40));
  await apply();
  expect(await history(step)).toEqual([1, 2]);
  expect(await warnings()).toEqual([]);
});

test('a damaged line is left out, those behind it are not, and the run says so once', async () => {
  const step = newId();
  const [, second] = log(step, 1, 2, 3);
  const bytes = readFileSync(path());
  bytes[second!.from + 20]! ^= 1;
  writeFileSync(path(), bytes);
  await apply();
  await apply();
  expect(await history(step)).toEqual([1, 3]);
  expect(await warnings()).toEqual([`1 event lost: the line at byte ${second!.from} of ${path()} is damaged`]);
});

test('a file that was cut behind its cursor, or is gone, is reported as so many events lost', async () => {
  const step = newId();
  const lines = log(step, 1, 2, 3, 4, 5);
  await announce();
  await place.store.applyEvents(segmentId(path()), [], 0, lines[4]!.to, 5);
  truncateSync(path(), lines[2]!.to - 3);
  await apply();
  expect(await warnings()).toEqual([`3 events lost: ${path()} is ${lines[2]!.to - 3} bytes long, but was read up to byte ${lines[4]!.to}`]);
  expect(await segments()).toMatchObject([{ sealed: true }]);

  writer = new EventLogWriter(join(place.folder.path, runId));
  const [only] = log(step, 1);
  await announce();
  await place.store.applyEvents(segmentId(path()), [], 0, only!.to, 1);
  rmSync(path());
  await apply();
  expect(await warnings()).toHaveLength(2);
  expect((await warnings())[1]).toMatch(/^1 event lost: /);
});

test('a run that nobody runs any more and whose log is not applied is found; one that is under way is not', async () => {
  log(newId(), 1);
  await announce();
  expect(await place.store.hasLeftWork()).toBe(true);
  expect(await place.store.runsWithOpenLogs()).toEqual([]);
  const end = { id: runId, workerId: WORKER.id, status: 'completed', endedAt: 1, warnings: [], outcome: { status: 'completed' } } as const;
  await place.store.finishRun({ ...end, warnings: [] });
  expect(await place.store.runsWithOpenLogs()).toEqual([runId]);
  await apply();
  expect(await place.store.runsWithOpenLogs()).toEqual([]);
  expect(await place.store.hasLeftWork()).toBe(false);
});
