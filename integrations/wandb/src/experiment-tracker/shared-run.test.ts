import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isError, Transient } from '@mortise/core';
import { WandbClient, type OnlineRun } from '@mortise/wandb-client';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import { readOnlineRun, rowOf } from '../testing/read-run.ts';
import { curve, eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';
import { OWN_STEP } from './gather-rows.ts';
import type { WandbTrackerRun } from './wandb-tracker-run.ts';
import type { WandbTracker } from './wandb-tracker.ts';

let recorder: WandbRecorder;
let warnings: string[];
let tracker: WandbTracker;
let run: WandbTrackerRun;
beforeEach(async () => {
  recorder = await startWandbRecorder();
  warnings = [];
  tracker = await trackerWith({ baseUrl: recorder.url, apiKey: KEY, project: 'wine' }, { warnings });
  run = (await tracker.open(newIdentity(), newStart(), undefined, never)) as WandbTrackerRun;
});
afterEach(() => recorder.stop());

/** A program that joins the run as the vendor's client does: it asks once where to go on. */
async function joined(): Promise<OnlineRun> {
  const client = new WandbClient({ apiKey: KEY, baseUrl: recorder.url });
  const place = { entity: 'acme', project: 'wine', id: run.ref.id! };
  return client.attach(place, (await client.status(place))!);
}

function logs(program: OnlineRun, name: string, count: number): Promise<void> {
  const now = Date.now() / 1_000;
  const first = program.lastStep + 1;
  program.history(Array.from({ length: count }, (_, at) => ({ [name]: at, _step: first + at, _timestamp: now, _runtime: first + at })));
  return program.flush();
}

const rows = (): [string, number, number][] =>
  recorder
    .run(run.ref.id!)!
    .streams['wandb-history.jsonl']!.map(rowOf)
    .flatMap((row) =>
      Object.keys(row)
        .filter((name) => !name.startsWith('_') && name !== OWN_STEP)
        .map((name): [string, number, number] => [name, Number(row['_step']), Number(row[OWN_STEP] ?? row['_step'])]),
    );

test('of two that log at once, neither writes over the other: what the step logs waits until it ends, and goes behind', async () => {
  const events = eventsOf([...curve('loss', 4), { kind: 'params', values: { late: true } }]);
  await run.deliver(events.slice(0, 2), never);
  tracker.childEnv(run.ref);
  const program = await joined();
  await logs(program, 'child', 1);
  const delivered = run.deliver(events.slice(2), never);
  await pause(100);
  program.config({ child: 1 });
  await logs(program, 'child', 2);
  await program.exit(0, 1);
  run.ending();
  await delivered;
  await run.close({ status: 'completed' }, Date.now(), never);
  expect(recorder.run(run.ref.id!)!.overwritten).toBe(0);
  expect(rows()).toEqual([
    ['loss', 0, 0],
    ['loss', 1, 1],
    ['child', 2, 2],
    ['child', 3, 3],
    ['child', 4, 4],
    ['loss', 5, 2],
    ['loss', 6, 3],
  ]);
  expect(readOnlineRun(recorder, run.ref.id!)).toMatchObject({ status: 'completed', params: { child: 1, late: true } });
});

test('one line says that it waits, and one which steps were taken', async () => {
  await run.deliver(eventsOf(curve('loss', 2)), never);
  tracker.childEnv(run.ref);
  await logs(await joined(), 'child', 2);
  const delivered = run.deliver(eventsOf([...curve('loss', 2, 2), ...curve('acc', 3, 2)], 3), never);
  run.ending();
  await delivered;
  await run.deliver(eventsOf(curve('loss', 2, 5), 8), never);
  expect(warnings).toEqual([
    'train: a program was told of its W&B run (activeRun().env()), where two cannot write at once: what the step logs goes there when it ends, behind what the program has logged',
    'train: others have logged into its W&B run up to step 3: the steps up to it, and those that follow, are in rows of their own at its next steps. Their own step is in "mortise/step"',
  ]);
});

test('what the step never ends to log is not waited for once its process gives up', async () => {
  tracker.childEnv(run.ref);
  const stopped = new AbortController();
  const delivered = run.deliver(eventsOf(curve('loss', 2)), stopped.signal);
  stopped.abort();
  await expect(delivered).rejects.toThrow('aborted');
  expect(recorder.run(run.ref.id!)!.streams['wandb-history.jsonl']).toBeUndefined();
});

test('points that are in order are not called late because others of the run were', async () => {
  await run.deliver(eventsOf(curve('loss', 5)), never);
  await run.deliver(eventsOf(curve('acc', 3), 6), never);
  await run.deliver(eventsOf(curve('loss', 2, 5), 9), never);
  expect(warnings).toEqual([expect.stringContaining('points of "acc" came')]);
  expect(rows().slice(-2)).toEqual([
    ['loss', 8, 5],
    ['loss', 9, 6],
  ]);
});

test('a run that goes on with one of another program says that its steps were taken, and calls no point late', async () => {
  const client = new WandbClient({ apiKey: KEY, baseUrl: recorder.url });
  const other = await client.begin({ id: 'r1', entity: 'acme', project: 'wine', config: {}, startedAt: 0 });
  await logs(other, 'before', 3);
  run = (await tracker.open(newIdentity(), newStart({ settings: { runId: 'r1' } }), undefined, never)) as WandbTrackerRun;
  await run.deliver(eventsOf(curve('loss', 2)), never);
  expect(warnings).toEqual([expect.stringContaining('others have logged into its W&B run up to step 2')]);
});

test('two runs of one id do not write at once: the second one waits until the first has ended, and says so', async () => {
  const start = newStart({ settings: { runId: 'r1' } });
  const open = async (stepId: string): Promise<WandbTrackerRun> =>
    (await (
      await trackerWith({ baseUrl: recorder.url, apiKey: KEY, project: 'wine' })
    ).open(newIdentity({ stepId }), start, undefined, never)) as WandbTrackerRun;
  run = await open('one');
  await run.deliver(eventsOf(curve('one', 2)), never);
  const error: unknown = await open('two').catch((failure: unknown) => failure);
  expect(isError(error, Transient) && error.message).toMatch(
    /^the W&B run "r1" is open to another run \(mortise runs show \S+\), and two at once would write over each other's rows: this one waits for its end\. If it never ends, choose another runId$/,
  );
  await run.close({ status: 'completed' }, Date.now(), never);
  const two = await open('two');
  await two.deliver(eventsOf(curve('two', 2)), never);
  await two.close({ status: 'completed' }, Date.now(), never);
  expect(rows().map(([name]) => name)).toEqual(['one', 'one', 'two', 'two']);
  expect(recorder.run('r1')!.overwritten).toBe(0);
});

test('of two that took one id at the same moment, one goes first', async () => {
  const open = async (stepId: string): Promise<WandbTrackerRun> =>
    (await tracker.open(newIdentity({ stepId }), newStart({ settings: { runId: 'r1' } }), undefined, never)) as WandbTrackerRun;
  const both = await Promise.all([open('one'), open('two')]);
  const results = await Promise.allSettled(both.map((each, at) => each.deliver(eventsOf(curve(`n${at}`, 2)), never)));
  const winner = results.findIndex(({ status }) => status === 'fulfilled');
  const loser = results.findIndex(({ status }) => status === 'rejected');
  expect([winner, loser].sort()).toEqual([0, 1]);
  await both[winner]!.close({ status: 'completed' }, Date.now(), never);
  await both[loser]!.deliver(eventsOf(curve(`n${loser}`, 2)), never);
  await both[loser]!.close({ status: 'completed' }, Date.now(), never);
  run = both[winner]!;
  expect(rows().map(([name]) => name)).toEqual([`n${winner}`, `n${winner}`, `n${loser}`, `n${loser}`]);
  expect(recorder.run('r1')).toMatchObject({ overwritten: 0, exitCode: 0 });
});
