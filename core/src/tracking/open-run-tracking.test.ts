import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { Permanent, Transient } from '../errors.ts';
import type { Flavor } from '../stack/flavor.ts';
import { RecordingTracker, recordingFlavor, type RecordingTrackerOptions } from '../testing/recording-tracker.ts';
import { TrackedRun, type TrackedRunOptions } from '../testing/tracked-run.ts';
import { activeRun } from './active-run.ts';
import { deliverLeft } from './deliver-left.ts';
import { EventLogWriter } from './event-log-writer.ts';
import type { TrackerEvent } from './experiment-tracker.ts';
import type { TrackerWait } from './run-tracking.ts';

let run: TrackedRun;
afterEach(() => {
  run.close();
  jest.restoreAllMocks();
});

async function open(trackers: Record<string, RecordingTracker> = {}, limits: TrackedRunOptions = {}): Promise<TrackedRun> {
  run = await TrackedRun.open({
    trackers: Object.entries(trackers).map(([name, tracker]) => ({ name, flavor: 'recording', tracker })),
    ...limits,
  });
  return run;
}

/** A run with one tracker, `mine`. */
async function openWith(options: RecordingTrackerOptions = {}, limits: TrackedRunOptions = {}): Promise<RecordingTracker> {
  const tracker = new RecordingTracker(options);
  await open({ mine: tracker }, limits);
  return tracker;
}

const tracked = { trackers: ['mine'] };
const failed = { status: 'failed', error: { name: 'Error', message: 'no wine left' } } as const;
const losses = (events: readonly TrackerEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']!] : []));
/** Resolves when it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(5);
}
const storedStep = async (stepId: string) => (await run.store.stepRuns(run.id)).filter((step) => step.stepId === stepId).at(-1)!;

describe('events', () => {
  test('50 parallel steps log into their own runs only, in the store and at the tracker', async () => {
    const tracker = await openWith();
    const work = Array.from({ length: 50 }, (_, mapIndex) =>
      run.step('train', { ...tracked, mapIndex }, async () => {
        for (let i = 0; i < 20; i++) {
          activeRun().logMetric('loss', mapIndex + i / 100);
          activeRun().logParam(`p${i}`, mapIndex);
          if (i % 5 === mapIndex % 5) await delay(Math.random() * 5);
        }
      }),
    );
    await Promise.all(work);
    expect(await run.finish()).toEqual([]);
    const expected = (mapIndex: number): number[] => Array.from({ length: 20 }, (_, i) => mapIndex + i / 100);
    const steps = await run.store.stepRuns(run.id);
    expect(steps).toHaveLength(50);
    for (const step of steps) {
      const history = await run.store.metricHistory(step.id, 'loss');
      expect(history.map(({ value }) => value)).toEqual(expected(step.mapIndex!));
      expect(Object.values(step.tracked.params)).toEqual(Array(20).fill(step.mapIndex));
      expect(losses(tracker.run(`train[${step.mapIndex}]`).events)).toEqual(expected(step.mapIndex!));
    }
  });

  test('a tracker gets everything once, in the order in which it was logged', async () => {
    const tracker = await openWith({ failDeliver: 2 });
    await run.step('train', { ...tracked, params: { lr: 0.1 } }, async () => {
      for (let i = 0; i < 100; i++) {
        activeRun().logMetric('loss', i);
        if (i % 30 === 0) await delay(60);
      }
    });
    expect(await run.finish()).toEqual([]);
    const { events, batches } = tracker.run('train');
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 101 }, (_, i) => i + 1));
    expect(events[0]).toMatchObject({ kind: 'params', values: { lr: 0.1 } });
    expect(batches.length).toBeLessThan(12);
  });

  test('NaN and infinities reach the tracker and the store as numbers', async () => {
    const tracker = await openWith();
    await run.step('train', tracked, () => activeRun().logMetrics({ a: Number.NaN, b: -Infinity }));
    await run.finish();
    expect(tracker.run('train').events).toMatchObject([{ values: { a: Number.NaN, b: -Infinity } }]);
    const { tracked: summary } = await storedStep('train');
    expect(summary.metrics).toMatchObject({ a: { last: Number.NaN }, b: { last: -Infinity } });
  });

  test('a step that is not tracked logs into the store, and no tracker run is opened for it, not even a parent', async () => {
    const tracker = await openWith();
    await run.step('load', { params: { path: 'wine.csv' } }, () => activeRun().logMetric('rows', 178));
    await run.finish();
    expect(tracker.calls).toEqual([]);
    expect((await storedStep('load')).tracked).toMatchObject({ params: { path: 'wine.csv' }, metrics: { rows: { last: 178, count: 1 } } });
  });

  test('a step that logs nothing makes no file', async () => {
    await open();
    await run.step('load', {}, () => 1);
    await run.finish();
    expect(existsSync(join(run.folder, 'logs'))).toBe(false);
  });

  test('plain inputs become parameters if they are short JSON', async () => {
    await open();
    const params = {
      lr: 0.1,
      when: new Date(0),
      none: undefined,
      big: 'x'.repeat(2000),
      many: Array(5000).fill(1),
      fn: () => 1,
      list: [1, { a: 2 }],
    };
    await run.step('train', { params }, () => 1);
    await run.finish();
    expect((await storedStep('train')).tracked.params).toEqual({ lr: 0.1, when: '1970-01-01T00:00:00.000Z', list: [1, { a: 2 }] });
  });

  test('more events than fit in memory all arrive, once', async () => {
    const tracker = await openWith({}, { drainTimeoutMs: 25_000 });
    const [train, other] = [await run.begin('train', tracked), await run.begin('other', tracked)];
    for (let i = 0; i < 12_500; i++) {
      run.inStep(train, () => activeRun().logMetric('loss', i));
      run.inStep(other, () => activeRun().logMetric('loss', -i));
    }
    await run.end(train);
    await run.end(other);
    expect(await run.finish()).toEqual([]);
    const expected = Array.from({ length: 12_500 }, (_, i) => i);
    expect(losses(tracker.run('train').events)).toEqual(expected);
    expect(losses(tracker.run('other').events)).toEqual(expected.map((i) => -i));
    expect((await storedStep('train')).tracked.metrics['loss']).toMatchObject({ count: 12_500, last: 12_499, lastStep: 12_499 });
  });

  test('what is logged while a step waits is in the store before the step ends', async () => {
    await open();
    const step = await run.begin('train');
    run.inStep(step, () => activeRun().logMetric('loss', 3));
    await until(async () => (await storedStep('train')).tracked.metrics['loss'] !== undefined);
    expect((await storedStep('train')).tracked.metrics['loss']).toMatchObject({ last: 3 });
    await run.end(step);
    await run.finish();
  });

  test('what is logged after the end of a step is not recorded, and said once', async () => {
    const tracker = await openWith();
    const step = await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    run.inStep(step, () => activeRun().logMetric('loss', 2));
    run.inStep(step, () => activeRun().logMetric('loss', 3));
    await run.finish();
    expect(losses(tracker.run('train').events)).toEqual([1]);
    expect(run.warnings).toEqual(['step "train" logged something after it had ended: that is not recorded']);
  });
});

describe('tracker runs', () => {
  test('the parent is opened first, once, and ends as the run does; each step ends as itself', async () => {
    const tracker = await openWith();
    const bad = await run.begin('train', tracked);
    await run.end(bad, failed);
    await run.step('report', tracked, () => 1);
    await run.finish(failed);
    expect(tracker.calls.slice(0, 2)).toEqual([`open ${run.name}`, 'open train']);
    const parent = tracker.run(run.name);
    expect(parent).toMatchObject({
      status: 'failed',
      identity: { attempt: 0 },
      start: {
        group: run.name,
        experiment: 'wines',
        user: 'ann',
        source: { host: 'here', command: [], file: 'wine.ts' },
        params: { rate: 0.1 },
      },
    });
    expect(tracker.run('train')).toMatchObject({
      status: 'failed',
      outcome: failed,
      identity: { parentKey: parent.identity.key },
      start: { parent: parent.ref },
    });
    expect(tracker.run('report')).toMatchObject({ status: 'completed' });
    expect((await storedStep('train')).trackerRuns).toMatchObject([{ status: 'failed', desired: failed }]);
    expect((await run.store.run(run.id))!.trackerRuns).toMatchObject([{ component: 'mine', status: 'failed', ref: parent.ref }]);
  });

  test('the parent is not closed once another process has resumed the run, and ended it', async () => {
    const tracker = await openWith();
    const open = tracker.open.bind(tracker);
    tracker.open = async (...call) => {
      const opened = await open(...call);
      const close = opened.close.bind(opened);
      if (call[0].stepId === undefined) return opened;
      return Object.assign(opened, {
        close: async (...end: Parameters<typeof close>) => {
          const { id, store } = run;
          await until(async () => (await store.run(id))!.status === 'failed');
          const worker = { ...run.place().worker, id: 'c'.repeat(32) };
          await store.resumeRun({ runId: id, worker, at: Date.now() });
          const outcome = { status: 'completed' } as const;
          await store.finishRun({ id, workerId: worker.id, ...outcome, endedAt: Date.now() + 1, warnings: [], outcome });
          return close(...end);
        },
      });
    };
    await run.step('train', tracked, () => 1);
    await run.endRun(failed);
    expect(tracker.calls.filter((call) => call.startsWith('close'))).toEqual(['close train completed']);
  });

  test('names and tags say which step, item and attempt it is', async () => {
    const tracker = await openWith();
    const first = await run.begin('train', { ...tracked, mapIndex: 3 });
    await run.end(first, failed, true);
    await run.step('train', { ...tracked, mapIndex: 3 }, () => 1);
    await run.finish();
    const { start, identity } = tracker.run('train[3] (attempt 2)');
    expect(identity).toMatchObject({ runId: run.id, stepId: 'train', mapIndex: 3, attempt: 2 });
    expect(start.tags).toEqual({
      team: 'red',
      'mortise.run_id': run.id,
      'mortise.run': run.name,
      'mortise.pipeline': 'wine',
      'mortise.step': 'train',
      'mortise.attempt': '2',
    });
  });

  test('a retry: the first tracker run fails and points to its successor, which completes', async () => {
    const tracker = await openWith();
    const first = await run.begin('train', tracked);
    await run.end(first, failed, true);
    await run.step('train', tracked, () => 1);
    await run.finish();
    const second = tracker.run('train (attempt 2)');
    expect(second).toMatchObject({ status: 'completed' });
    expect(tracker.run('train')).toMatchObject({ status: 'failed', supersededBy: second.identity.key });
  });

  test('a cache hit is marked by a short tracker run', async () => {
    const tracker = await openWith();
    const source = await run.step('train', tracked, () => 1);
    const id = 'f'.repeat(32);
    const outcome = { status: 'cached', source: { runId: source.tracking.runId, url: 'https://tracker.test/1' } } as const;
    const [settled] = await run.store.settleSteps([
      {
        id,
        runId: run.id,
        stepId: 'again',
        stepName: 'again',
        status: 'cached',
        at: Date.now(),
        workerId: run.workerId,
        inputs: {},
        sourceStepRunId: source.tracking.runId,
        trackers: [{ component: 'mine', flavor: 'recording' }],
        outcome,
      },
    ]);
    run.tracking.mark(
      { id, stepId: 'again', stepName: 'again', attempt: 0, startedAt: Date.now(), trackerRuns: settled!.trackerRuns },
      outcome,
    );
    expect(await run.finish()).toEqual([]);
    expect(tracker.run('again')).toMatchObject({ status: 'cached', outcome });
    expect((await storedStep('again')).trackerRuns).toMatchObject([{ status: 'cached' }]);
  });

  test('the URL is in the run metadata while the step is still running', async () => {
    await openWith();
    const step = await run.begin('train', tracked);
    await until(async () => Object.keys((await storedStep('train')).metadata).length > 0);
    const { key } = (await storedStep('train')).trackerRuns[0]!;
    const url = `https://tracker.test/runs/${key}`;
    expect((await storedStep('train')).metadata).toEqual({
      experiment_tracker_url: { type: 'uri', value: url },
      recording_run_id: { type: 'string', value: key },
    });
    expect(run.inStep(step, () => activeRun().url)).toBe(url);
    await run.end(step);
    await run.finish();
    expect((await run.store.run(run.id))!.metadata).toHaveProperty('experiment_tracker_url');
  });

  test("with several trackers each has its URL and ids, and the step's first one's are plain", async () => {
    const [a, b] = [new RecordingTracker({ ids: 'server' }), new RecordingTracker()];
    await open({ a, b });
    await run.step('train', { trackers: ['b', 'a'] }, () => activeRun().logMetric('loss', 1));
    expect(await run.finish()).toEqual([]);
    const [ofA, ofB] = [a.run('train').ref, b.run('train').ref];
    expect((await storedStep('train')).metadata).toEqual({
      experiment_tracker_url: { type: 'uri', value: ofB.url },
      'experiment_tracker_url:a': { type: 'uri', value: ofA.url },
      'experiment_tracker_url:b': { type: 'uri', value: ofB.url },
      recording_run_id: { type: 'string', value: ofB.id },
      'recording_run_id:a': { type: 'string', value: ofA.id },
      'recording_run_id:b': { type: 'string', value: ofB.id },
    });
    expect([losses(a.run('train').events), losses(b.run('train').events)]).toEqual([[1], [1]]);
  });

  test('settings that every tracker takes name, group and tag the tracker run, the others are handed over', async () => {
    const tracker = await openWith();
    const set = { experiment: 'shared', runName: 'best', group: 'nightly', tags: { kind: 'final' }, x: 1 };
    await run.step('a', { ...tracked, settings: { mine: set }, mapIndex: 2 }, () => 1);
    await run.finish();
    const { start } = tracker.run('best[2]');
    expect(start).toMatchObject({ experiment: 'shared', group: 'nightly', settings: { x: 1 } });
    expect(start.tags).toMatchObject({ team: 'red', kind: 'final', 'mortise.step': 'a' });
  });
});

describe('a tracker that fails', () => {
  test('twice on open: then it gets everything once, in order', async () => {
    const tracker = await openWith({ failOpen: 2 });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 10; i++) activeRun().logMetric('loss', i);
    });
    expect(await run.finish()).toEqual([]);
    expect(tracker.calls.filter((call) => call.startsWith('open'))).toHaveLength(4);
    expect(losses(tracker.run('train').events)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const [row] = (await storedStep('train')).trackerRuns;
    expect(row).toMatchObject({ status: 'completed', acked: { [tracker.run('train').events[0]!.writer]: 10 } });
    expect(row).not.toHaveProperty('lastError');
  });

  test('for good on open: the step is not touched, and it is reported as undelivered with the reason', async () => {
    await openWith({ failOpen: new Permanent('401: the token is wrong') });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    expect(await run.finish()).toEqual([{ component: 'mine', trackerRuns: 2, reason: '401: the token is wrong' }]);
    const step = await storedStep('train');
    expect(step).toMatchObject({ status: 'completed', tracked: { metrics: { loss: { last: 1 } } } });
    expect(step.trackerRuns).toMatchObject([{ status: 'queued', lastError: '401: the token is wrong', desired: { status: 'completed' } }]);
  });

  test('for an unknown reason: it is tried again', async () => {
    const tracker = await openWith({ failDeliver: new TypeError('fetch failed') });
    const step = await run.begin('train', tracked);
    run.inStep(step, () => activeRun().logMetric('loss', 1));
    await run.end(step);
    await delay(100);
    delete tracker.options.failDeliver;
    expect(await run.finish()).toEqual([]);
    expect(losses(tracker.run('train').events)).toEqual([1]);
  });

  test('that answers never: the end of the run waits for it no longer than it may', async () => {
    const tracker = await openWith({ openDelayMs: 60_000 }, { drainTimeoutMs: 200 });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    const before = performance.now();
    const undelivered = await run.finish();
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(undelivered).toEqual([{ component: 'mine', trackerRuns: 2, reason: 'no answer within 200 ms' }]);
    expect(tracker.runs.size).toBe(0);
  });

  test('that answers never: the end of the run waits no longer than somebody wants to wait', async () => {
    await openWith({ openDelayMs: 60_000 }, { drainTimeoutMs: 60_000 });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    const hurry = new AbortController();
    setTimeout(() => hurry.abort(), 50);
    expect(await run.finish(undefined, hurry.signal)).toEqual([{ component: 'mine', trackerRuns: 2, reason: 'nobody waited for it' }]);
  });

  test('that is slow, but gets further: the end of the run waits for all of it', async () => {
    const tracker = await openWith({ deliverDelayMs: 400, capabilities: { limits: { batch: 1 } } }, { drainTimeoutMs: 2_000 });
    await run.step('train', tracked, () => [1, 2, 3, 4, 5, 6].forEach((loss) => activeRun().logMetric('loss', loss)));
    expect(await run.finish()).toEqual([]);
    expect(losses(tracker.run('train').events)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that takes more than 2 s: whoever wants to know is told once what it has still to be given', async () => {
    const waits: TrackerWait[] = [];
    const onTrackerWait = (wait: TrackerWait): void => void waits.push(wait);
    await openWith({}, { onTrackerWait });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    expect(await run.finish()).toEqual([]);
    run.close();
    const slow = { deliverDelayMs: 1_500, capabilities: { limits: { batch: 2 } } };
    await openWith(slow, { onTrackerWait, drainTimeoutMs: 60_000 });
    await run.step('train', tracked, () => [1, 2, 3, 4, 5].forEach((loss) => activeRun().logMetric('loss', loss)));
    expect(waits).toEqual([]);
    expect(await run.finish()).toEqual([]);
    expect(waits).toEqual([{ tracker: 'mine', events: expect.any(Number), trackerRuns: 2 }]);
    expect([1, 3, 5]).toContain(waits[0]!.events);
  });

  test('that heeds no signal: the end of the run is bounded all the same, and its late answer changes nothing', async () => {
    const tracker = await openWith({}, { drainTimeoutMs: 100 });
    const late = Promise.withResolvers<void>();
    const { open: opened } = tracker;
    tracker.open = async (...args) => (await late.promise, opened.apply(tracker, args));
    await run.step('train', tracked, () => 1);
    expect(await run.finish()).toMatchObject([{ trackerRuns: 2 }]);
    late.resolve();
    await delay(50);
    expect((await storedStep('train')).trackerRuns).toMatchObject([{ status: 'queued' }]);
  });

  test('does not hold up another one', async () => {
    const [good, bad] = [new RecordingTracker(), new RecordingTracker({ failOpen: Infinity })];
    await open({ good, bad }, { drainTimeoutMs: 2_000 });
    await run.step('train', { trackers: ['bad', 'good'] }, () => activeRun().logMetric('loss', 1));
    expect(await run.finish()).toMatchObject([{ component: 'bad', trackerRuns: 2, reason: expect.stringContaining('told to fail') }]);
    expect(good.run('train')).toMatchObject({ status: 'completed' });
  });

  test('for so long that another process has taken over what is left: that one alone delivers it', async () => {
    const tracker = await openWith({ failDeliver: new Transient('the server is down') }, { drainTimeoutMs: 600_000 });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    const regularly = jest.spyOn(globalThis, 'setInterval');
    const ended = run.endRun();
    while (!(await run.store.run(run.id))!.endedAt) await delay(5);
    // The machine slept.
    const hour = Date.now() + 3_600_000;
    jest.spyOn(Date, 'now').mockImplementation(() => hour);
    const other = { runId: run.id, component: 'mine', worker: run.place({ id: 'other' }).worker };
    expect(await run.store.claimTrackerRuns(other, 'due')).toHaveLength(2);
    for (const [renew] of regularly.mock.calls) renew();
    expect(await ended).toEqual(['experiment tracker "mine": 2 tracker runs not delivered yet (the server is down)']);
    tracker.options.failDeliver = 0;
    await delay(100);
    expect(losses(tracker.run('train').events)).toEqual([]);
    expect(await run.store.renewClaim(other)).toBe(true);
  });

  test('while its claim cannot be renewed: it stops before another process may deliver what is left', async () => {
    const tracker = await openWith({ failDeliver: new Transient('the server is down') }, { drainTimeoutMs: 600_000 });
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    const regularly = jest.spyOn(globalThis, 'setInterval');
    const ended = run.endRun();
    while (!(await run.store.run(run.id))!.endedAt) await delay(5);
    const renewed = jest.spyOn(run.store, 'renewClaim');
    const renewAll = (): void => regularly.mock.calls.forEach(([renew]) => renew());
    renewAll();
    await until(() => renewed.mock.results.length > 0);
    await expect(renewed.mock.results[0]!.value).resolves.toBe(true);
    renewed.mockRejectedValue(new Error('the disk is away'));
    const now = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 21_000);
    renewAll();
    await delay(50);
    tracker.options.failDeliver = 0;
    expect(await ended).toEqual(['experiment tracker "mine": 2 tracker runs not delivered yet (the server is down)']);
    expect(losses(tracker.run('train').events)).toEqual([]);
  });

  test('for a while in the middle: how far it came is recorded, so that another process can go on', async () => {
    const tracker = await openWith({}, { drainTimeoutMs: 2_000 });
    const step = await run.begin('train', tracked);
    run.inStep(step, () => activeRun().logMetric('loss', 1));
    await until(() => [...tracker.runs.values()].some(({ events }) => losses(events).length > 0));
    tracker.options.failDeliver = new Transient('the server is down');
    run.inStep(step, () => activeRun().logMetric('loss', 2));
    await run.end(step);
    expect(await run.finish()).toMatchObject([{ trackerRuns: 2, reason: 'the server is down' }]);
    const [row] = (await storedStep('train')).trackerRuns;
    expect(Object.values(row!.acked)).toEqual([1]);
    expect(row).toMatchObject({ status: 'running', lastError: 'the server is down', ref: { id: row!.key } });
  });
});

describe('what a tracker refuses', () => {
  const odd = (event: TrackerEvent): boolean => event.kind === 'metrics' && event.step % 2 === 1;

  test('is set aside with the reason, and the rest arrives', async () => {
    const tracker = await openWith({ reject: (event) => (odd(event) ? 'an odd step' : undefined) });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 6; i++) activeRun().logMetric('loss', i);
    });
    expect(await run.finish()).toEqual([]);
    expect(losses(tracker.run('train').events)).toEqual([0, 2, 4]);
    expect((await storedStep('train')).trackerRuns).toMatchObject([{ status: 'completed', rejected: 3 }]);
  });

  test('as a whole batch, is searched for the events that are to blame', async () => {
    const tracker = await openWith();
    await refuseBatches(tracker, odd);
    await run.step('train', tracked, () => {
      for (let i = 0; i < 6; i++) activeRun().logMetric('loss', i);
    });
    expect(await run.finish()).toEqual([]);
    expect(losses(tracker.run('train').events)).toEqual([0, 2, 4]);
    const [row] = (await storedStep('train')).trackerRuns;
    expect(row).toMatchObject({ status: 'completed', rejected: 3 });
    expect(Object.values(row!.acked)).toEqual([6]);
  });

  test('is not set aside when everything is refused: then it is the access, and all is kept for later', async () => {
    const tracker = await openWith({ failDeliver: new Permanent('403'), failClose: new Permanent('403') });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 40; i++) activeRun().logMetric('loss', i);
    });
    expect(await run.finish()).toEqual([{ component: 'mine', trackerRuns: 2, reason: '403' }]);
    expect((await storedStep('train')).trackerRuns).toMatchObject([{ status: 'running', rejected: 0, acked: {}, lastError: '403' }]);
    expect(tracker.calls.filter((call) => call.startsWith('deliver')).length).toBeLessThan(30);
  });

  async function refuseBatches(tracker: RecordingTracker, bad: (event: TrackerEvent) => boolean): Promise<void> {
    const { open: opened } = tracker;
    tracker.open = async (...args) => {
      const opening = await opened.apply(tracker, args);
      const { deliver } = opening;
      opening.deliver = async (events, signal) => {
        if (events.some(bad)) throw new Permanent('400: an odd step');
        return deliver.call(opening, events, signal);
      };
      return opening;
    };
  }
});

describe('capabilities', () => {
  test('a decimal step is set aside for a tracker of integer steps; a context becomes part of the name where there is none', async () => {
    const tracker = await openWith({ capabilities: { step: 'integer', metricContext: 'prefix' } });
    await run.step('train', tracked, () => {
      activeRun().logMetric('loss', 1, { step: 1.5 });
      activeRun().logMetric('loss', 2, { step: 2, context: 'val' });
    });
    await run.finish();
    expect(tracker.run('train').events).toMatchObject([{ values: { 'val/loss': 2 }, step: 2 }]);
    expect(tracker.run('train').events[0]).not.toHaveProperty('context');
    const step = await storedStep('train');
    expect(step.trackerRuns).toMatchObject([{ rejected: 1 }]);
    expect(step.tracked.metrics).toMatchObject({ loss: { lastStep: 1.5 }, 'val/loss': { lastStep: 2 } });
  });

  test('batches keep to the limit of the tracker', async () => {
    const tracker = await openWith({ capabilities: { limits: { batch: 7 } } });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 30; i++) activeRun().logMetric('loss', i);
    });
    await run.finish();
    expect(tracker.run('train').batches).toEqual([7, 7, 7, 7, 2]);
  });
});

describe('in a step', () => {
  test('env() and native() wait for the tracker run to open', async () => {
    const tracker = await openWith({ openDelayMs: 30, ids: 'server' });
    const flavor = recordingFlavor(tracker);
    await run.step('train', tracked, async () => {
      expect(await activeRun().env()).toEqual({ RECORDING_RUN_ID: 'server-2' });
      expect(await activeRun(flavor).native()).toBe(tracker.run('train'));
      await expect(activeRun({ ...flavor, name: 'other' }).native()).rejects.toMatchObject({ code: 'NOT_TRACKED' });
    });
    await run.finish();
  });

  test.each([
    ['a name', 'nobody', 'nobody'],
    ['what is no flavor', {}, '{}'],
    ['a module without it', null, 'null'],
  ])('of %s in the place of a flavor there is no handle, and the trackers of the step are named', async (_, given, called) => {
    await openWith({});
    await run.step('train', tracked, async () => {
      const failed = activeRun(given as unknown as Flavor<'experiment-tracker'>).native();
      await expect(failed).rejects.toMatchObject({
        name: 'NotTracked',
        line: `NOT_TRACKED: step "train" has no tracker run with the flavor "${called}". It has: "mine" (flavor "recording").`,
      });
    });
    await run.finish();
  });

  test('env() and native() give up after the limit, and name the tracker and the reason', async () => {
    await openWith({ failOpen: Infinity }, { openTimeoutMs: 2_000, drainTimeoutMs: 50 });
    await run.step('train', tracked, async () => {
      const lines = await Promise.all(
        [activeRun().env(), activeRun().native()].map((work) => work.catch((error: { line: string }) => error.line)),
      );
      for (const line of lines) {
        expect(line).toMatch(/^TRACKER_UNAVAILABLE: the experiment tracker "mine" is not available: told to fail/);
        expect(line).toMatch(/ A step goes on without it if onTrackerError is "warn" and it calls neither env\(\) nor native\(\)\.$/);
      }
    });
    await run.finish();
  });
});

describe('the log of a step process that cannot be read as its step ends', () => {
  /** A step whose process logs three losses; whoever reads its log gets an error until `mend`. */
  async function unreadable(): Promise<{ tracker: RecordingTracker; mend: () => void }> {
    const tracker = await openWith();
    const step = await run.begin('train', tracked);
    const writer = new EventLogWriter(join(run.folder, 'logs', run.id));
    const inTheWay = join(run.folder, 'logs', run.id, `${writer.id}.log`);
    mkdirSync(inTheWay, { recursive: true });
    await run.tracking.follow(writer.id).pull();
    await run.end(step);
    const mend = (): void => {
      rmdirSync(inTheWay);
      for (const loss of [1, 2, 3]) writer.append(step.tracking.runId, { kind: 'metrics', values: { loss }, step: loss });
      writer.close();
    };
    return { tracker, mend };
  }

  test('is left, with the tracker run, to whoever delivers next: nothing of it is passed over', async () => {
    const { tracker, mend } = await unreadable();
    expect(await run.endRun()).toEqual([expect.stringContaining('mine')]);
    expect(tracker.run('train').status).toBe('running');
    mend();
    const place = run.place({ id: 'b'.repeat(32) });
    const trackers = [{ name: 'mine', flavor: 'recording', tracker }];
    expect(await deliverLeft(place, { trackers })).toMatchObject([{ component: 'mine', delivered: 1 }]);
    expect(tracker.run('train').status).toBe('completed');
    expect(losses(tracker.run('train').events)).toEqual([1, 2, 3]);
    expect((await storedStep('train')).tracked.metrics['loss']).toMatchObject({ count: 3 });
  });
});

test('the log of a run lies in a folder of its own, one file per process', async () => {
  await open();
  await run.step('a', {}, () => activeRun().logMetric('x', 1));
  await run.step('b', {}, () => activeRun().logMetric('x', 1));
  await run.finish();
  expect(readdirSync(join(run.folder, 'logs', run.id))).toHaveLength(1);
});
