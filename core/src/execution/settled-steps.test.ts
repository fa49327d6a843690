import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { newId } from '../id.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { NewRun } from '../store/run-data.ts';
import type { SettledStep } from '../store/step-data.ts';
import { createdRun, temporaryStore, WORKER } from '../testing/sample-store.ts';
import { SettledSteps } from './settled-steps.ts';

let store: MetadataStore;
let remove: () => void;
let run: NewRun;
let settled: SettledSteps;

beforeEach(async () => {
  ({ store, remove } = await temporaryStore());
  run = await createdRun(store);
  settled = new SettledSteps(store);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
  remove();
});

const skipped = (stepId: string): SettledStep => ({
  ...{ id: newId(), runId: run.id, stepId, stepName: stepId, status: 'skipped', at: 1, workerId: WORKER.id, inputs: {}, trackers: [] },
});
const written = async () => (await store.stepRuns(run.id)).map(({ stepId }) => stepId);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('steps are gathered, and written in one transaction when it is asked for', async () => {
  jest.spyOn(process.hrtime, 'bigint').mockReturnValue(0n);
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'hrtime'] });
  const settle = jest.spyOn(store, 'settleSteps');
  for (const step of ['a', 'b', 'c']) await settled.add(skipped(step));
  expect(await written()).toEqual([]);
  await settled.write();
  await settled.write();
  expect(await written()).toEqual(['a', 'b', 'c']);
  expect(settle).toHaveBeenCalledTimes(1);
});

test('a step that nobody asks for is written soon all the same', async () => {
  await settled.add(skipped('a'));
  while ((await written()).length === 0) await pause(5);
  expect(await written()).toEqual(['a']);
});

test('in a chain of hits, which lets no timer run, steps are written every 50 ms', async () => {
  const settle = jest.spyOn(store, 'settleSteps');
  const timer = jest.fn();
  setTimeout(timer);
  let added = 0;
  while (settle.mock.calls.length < 2) await settled.add(skipped(`step${added++}`));
  expect(timer).not.toHaveBeenCalled();
  expect((await written()).length).toBeGreaterThan(0);
  await settled.write();
  expect((await written()).length).toBe(added);
});

test('whoever waits hears that the store could not be written, and the steps are kept for the next time', async () => {
  jest.spyOn(store, 'settleSteps').mockRejectedValueOnce(new Error('the disk is full'));
  await settled.add(skipped('a'));
  await expect(settled.write()).rejects.toThrow('the disk is full');
  await settled.add(skipped('b'));
  await settled.write();
  expect(await written()).toEqual(['a', 'b']);
});

test('steps that come while others are being written are written after them', async () => {
  await settled.add(skipped('a'));
  const first = settled.write();
  await settled.add(skipped('b'));
  await Promise.all([first, settled.write()]);
  expect(await written()).toEqual(['a', 'b']);
});

test('whoever waits has all that was added in the store, also where others wait too', async () => {
  const settle = store.settleSteps.bind(store);
  jest.spyOn(store, 'settleSteps').mockImplementation(async (steps) => {
    await pause(20);
    return settle(steps);
  });
  await settled.add(skipped('a'));
  const first = settled.write();
  await pause(5);
  await settled.add(skipped('b'));
  const others = [settled.write(), settled.write()];
  await Promise.race(others);
  expect(await written()).toEqual(['a', 'b']);
  await Promise.all([first, ...others]);
});
