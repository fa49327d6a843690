import { rmSync } from 'node:fs';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import { Permanent, Transient } from '../errors.ts';
import { RecordingTracker, type RecordedRun } from '../testing/recording-tracker.ts';
import { completedStep, createdRun, WORKER } from '../testing/sample-store.ts';
import { TrackedRun } from '../testing/tracked-run.ts';
import { activeRun } from './active-run.ts';
import { deliverLeft, type DeliverLeftOptions } from './deliver-left.ts';
import { deliveryWarnings } from './delivery-warnings.ts';
import type { Receipt, TrackerEvent, TrackerRunIdentity } from './experiment-tracker.ts';
import { withinTime } from './within-time.ts';

let run: TrackedRun;
afterEach(() => {
  jest.restoreAllMocks();
  run.close();
});

const failed = { status: 'failed', error: { name: 'Error', message: 'no wine left' } } as const;
const DOWN = new Error('the server is down');
const losses = (events: readonly TrackerEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']!] : []));

/** A run whose tracker is down, and the tracker that a later process finds in its place. */
async function openDown(): Promise<{ later: RecordingTracker }> {
  const tracker = new RecordingTracker({ failOpen: DOWN });
  run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }], drainTimeoutMs: 50 });
  return { later: new RecordingTracker() };
}

function deliver(tracker: RecordingTracker, options: DeliverLeftOptions = {}) {
  return deliverLeft(run.place({ id: 'b'.repeat(32) }), { trackers: [{ name: 'mine', flavor: 'recording', tracker }], ...options });
}

/** Has a tracker take each batch by `how`, which is given its own way of taking it. */
function deliverBy(tracker: RecordingTracker, how: (deliverOne: () => Promise<Receipt>, id: TrackerRunIdentity) => Promise<Receipt>): void {
  const open = tracker.open.bind(tracker);
  tracker.open = async (...call) => {
    const opened = await open(...call);
    const deliverOne = opened.deliver.bind(opened);
    return Object.assign(opened, { deliver: (...batch: Parameters<typeof deliverOne>) => how(() => deliverOne(...batch), call[0]) });
  };
}

const tracked = { trackers: ['mine'] };
/** What is said of the run's trackers now. */
const warnings = async () => deliveryWarnings(run.store, (await run.store.run(run.id))!, await run.store.stepRuns(run.id));
const SET = { group: 'red', runName: 'best', experiment: 'shared', tags: { kind: 'final' }, color: 'red' };
const waiting = async (): Promise<number> => (await run.store.undelivered()).reduce((sum, { trackerRuns }) => sum + trackerRuns, 0);
const said = ({ start, identity, status, outcome, endedAt, supersededBy, events }: RecordedRun) => {
  return { start, identity, status, outcome, endedAt, supersededBy, events };
};

describe('another process', () => {
  test('gives a tracker exactly what the process of the run would have given it', async () => {
    const [kept, down] = [new RecordingTracker(), new RecordingTracker({ failOpen: DOWN })];
    run = await TrackedRun.open({
      trackers: [
        { name: 'kept', flavor: 'recording', tracker: kept },
        { name: 'mine', flavor: 'recording', tracker: down },
      ],
      drainTimeoutMs: 200,
    });
    const both = { trackers: ['kept', 'mine'], settings: { kept: SET, mine: SET }, params: { lr: 0.1 } };
    const first = await run.begin('train', { ...both, mapIndex: 3 });
    run.inStep(first, () => activeRun().logMetrics({ loss: Number.NaN }));
    await run.end(first, failed, true);
    await run.step('train', { ...both, mapIndex: 3 }, () => {
      activeRun().logMetric('loss', 2);
      activeRun().setTags({ a: 'b' });
    });
    await run.step('silent', { trackers: ['kept', 'mine'] }, () => 1);
    await run.endRun(failed);
    const later = new RecordingTracker();
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 4 }]);
    expect(await waiting()).toBe(0);
    for (const name of [run.name, 'best[3]', 'best[3] (attempt 2)', 'silent']) {
      const [owner, other] = [said(kept.run(name)), said(later.run(name))];
      const keys = new Map([...kept.runs.values()].map(({ identity, start }) => [identity.key, later.run(start.name).identity.key]));
      const renamed = JSON.parse(JSON.stringify(owner), (_, value: unknown) => keys.get(value as string) ?? value) as typeof owner;
      const { parent } = other.start;
      expect(parent?.id).toBe(name === run.name ? undefined : later.run(run.name).identity.key);
      const same = JSON.parse(JSON.stringify(other)) as typeof owner;
      delete same.start.parent;
      delete renamed.start.parent;
      expect(same).toEqual(renamed);
      expect(other.events).toEqual(owner.events);
    }
  });

  test('can deliver what an earlier session left as soon as the process of the run is at its end', async () => {
    const tracker = new RecordingTracker();
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }], drainTimeoutMs: 2_000 });
    const trackers = [{ component: 'mine', flavor: 'recording' }];
    await completedStep(run.store, run.id, 'earlier', { trackers, workerId: run.workerId });
    await run.step('train', tracked, () => 1);
    expect(await run.endRun()).toEqual([expect.stringContaining('mine')]);
    expect(await deliver(new RecordingTracker())).toEqual([{ component: 'mine', delivered: 1 }]);
  });

  test('tells a tracker that waits for the end of what logs that there is nothing that logs any more', async () => {
    const { later } = await openDown();
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    await run.endRun();
    const open = later.open.bind(later);
    later.open = async (...call) => {
      const opened = await open(...call);
      const { promise: ended, resolve: ending } = Promise.withResolvers<void>();
      const deliverOne = opened.deliver.bind(opened);
      return Object.assign(opened, {
        ending,
        deliver: async (...batch: Parameters<typeof deliverOne>) => {
          await Promise.race([ended, new Promise((_, give) => batch[1].addEventListener('abort', () => give(new Error('stopped'))))]);
          return deliverOne(...batch);
        },
      });
    };
    expect(await deliver(later, { signal: AbortSignal.timeout(3_000) })).toEqual([{ component: 'mine', delivered: 2 }]);
    expect(losses(later.run('train').events)).toEqual([1]);
  });

  test('that was stopped for longer than its claim holds sends nothing more once it wakes', async () => {
    run = await TrackedRun.open({
      trackers: [{ name: 'mine', flavor: 'recording', tracker: new RecordingTracker({ failOpen: DOWN }) }],
      drainTimeoutMs: 50,
    });
    const later = new RecordingTracker({ capabilities: { limits: { batch: 1 } } });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 20; i++) activeRun().logMetric('loss', i);
    });
    await run.endRun();
    deliverBy(later, async (deliverOne) => {
      const receipt = await deliverOne();
      const now = Date.now() + 60_000;
      jest.spyOn(Date, 'now').mockReturnValue(now);
      return receipt;
    });
    expect(await deliver(later)).toMatchObject([{ delivered: 0, failure: expect.stringContaining('could not be told') }]);
    expect(losses(later.run('train').events)).toEqual([0]);
  });

  test('opens the parent before the others, once each, and closes it after them', async () => {
    const { later } = await openDown();
    for (const step of ['a', 'b', 'c']) await run.step(step, tracked, () => activeRun().logMetric('loss', 1));
    await run.endRun();
    await deliver(later);
    expect(later.calls[0]).toBe(`open ${run.name}`);
    expect(later.calls.at(-1)).toBe(`close ${run.name} completed`);
    expect(later.calls.filter((call) => call.startsWith('open'))).toHaveLength(4);
  });

  test('goes on after what was acknowledged, with the reference that the tracker gave', async () => {
    const tracker = new RecordingTracker({ ids: 'server' });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }], drainTimeoutMs: 2_000 });
    const step = await run.begin('train', tracked);
    run.inStep(step, () => activeRun().logMetric('loss', 1));
    while (losses(tracker.runs.size > 1 ? tracker.run('train').events : []).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    tracker.options.failDeliver = DOWN;
    run.inStep(step, () => activeRun().logMetric('loss', 2));
    await run.end(step);
    const said = await run.endRun();
    expect(said).toEqual(['experiment tracker "mine": 2 tracker runs not delivered yet (the server is down)']);
    const later = new RecordingTracker({ ids: 'server' });
    await deliver(later);
    expect(await warnings()).toEqual([]);
    expect(losses(later.run('train').events)).toEqual([2]);
    expect(later.run('train').ref).toEqual(tracker.run('train').ref);
    expect(later.run('train').start.parent).toEqual(tracker.run(run.name).ref);
  });

  test('stops when its claim could not be renewed in time: whoever has it now sends each event once', async () => {
    const { later: late } = await openDown();
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    await run.endRun();
    const first = new RecordingTracker({ failDeliver: DOWN });
    const blind = { ...run.store, renewClaim: () => Promise.reject(new Error('the disk is away')) };
    const mine = [{ name: 'mine', flavor: 'recording', tracker: first }];
    const slow = deliverLeft({ ...run.place({ id: 'a'.repeat(32) }), store: blind }, { trackers: mine });
    while (!first.calls.some((call) => call.startsWith('open train'))) await new Promise((resolve) => setTimeout(resolve, 5));
    const now = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 31_000);
    expect(await deliver(late)).toEqual([{ component: 'mine', delivered: 2 }]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    delete first.options.failDeliver;
    const [end] = await slow;
    expect(end).toMatchObject({ component: 'mine', delivered: 0 });
    expect(end!.failure).toContain('the store could not be told that it goes on');
    expect(losses([...late.run('train').events, ...first.run('train').events])).toEqual([1]);
  });

  test('delivers thousands of attempts and of interleaved events from one reading of the log', async () => {
    const { later } = await openDown();
    const attempts = await Promise.all(Array.from({ length: 200 }, (_, mapIndex) => run.begin('each', { ...tracked, mapIndex })));
    for (let i = 0; i < 200; i++) for (const attempt of attempts) run.inStep(attempt, () => activeRun().logMetric('loss', i));
    await Promise.all(attempts.map((attempt) => run.end(attempt)));
    for (let mapIndex = 0; mapIndex < 1_800; mapIndex += 100)
      await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          run.step('more', { ...tracked, mapIndex: mapIndex + i }, () => activeRun().logMetric('loss', i)),
        ),
      );
    await run.endRun();
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 2_001 }]);
    const expected = Array.from({ length: 200 }, (_, i) => i);
    for (const { mapIndex } of attempts) expect(losses(later.run(`each[${mapIndex}]`).events)).toEqual(expected);
    expect(losses(later.run('more[1799]').events)).toEqual([99]);
    expect(await waiting()).toBe(0);
  });

  test('leaves what a live run has not ended, and what somebody else is delivering', async () => {
    const { later } = await openDown();
    await run.step('train', tracked, () => 1);
    expect(await deliver(later)).toEqual([]);
    await run.store.finishRun({
      ...{ id: run.id, workerId: run.workerId, status: 'completed', endedAt: 1, warnings: [], outcome: { status: 'completed' } },
      claim: { workerId: run.workerId, ms: 60_000, components: ['mine'] },
    });
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 0 }]);
    expect(later.calls).toEqual([]);
    await deliverLeft(
      { ...run.place({ id: 'b'.repeat(32) }), isDead: async () => true },
      { trackers: [{ name: 'mine', flavor: 'recording', tracker: later }] },
    );
    expect(later.run('train')).toMatchObject({ status: 'completed' });
    await run.tracking.finish({ status: 'completed' }, 1);
  });

  test('makes the parent that the process of the run had no time to record', async () => {
    const { later } = await openDown();
    const original = run.store.createTrackerRuns;
    run.store.createTrackerRuns = () => Promise.reject(new Error('no time'));
    await run.step('train', tracked, () => 1);
    await run.endRun(failed);
    run.store.createTrackerRuns = original;
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 2 }]);
    expect(later.run(run.name)).toMatchObject({ status: 'failed', outcome: failed });
    expect(later.run('train').start.parent).toEqual(later.run(run.name).ref);
  });

  test('leaves the end of a run that was resumed meanwhile to whoever goes on with it', async () => {
    const { later } = await openDown();
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    await run.endRun(failed);
    const { id, store } = run;
    const worker = { ...run.place().worker, id: 'c'.repeat(32) };
    deliverBy(later, async (deliverOne, { parentKey }) => {
      await store.resumeRun({ runId: id, worker, at: Date.now() });
      const outcome = { status: 'completed' } as const;
      await store.finishRun({ id, workerId: worker.id, ...outcome, endedAt: Date.now() + 1, warnings: [], outcome });
      await store.updateTrackerRun({ id: parentKey!, ...outcome });
      return deliverOne();
    });
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 1 }]);
    expect(later.calls).not.toContain(`close ${run.name} failed`);
    const [parent] = (await store.run(id))!.trackerRuns;
    expect(parent).toMatchObject({ status: 'completed', desired: { status: 'completed' } });
  });

  test('stops at once when it is told to, and what it has delivered stays delivered', async () => {
    const { later } = await openDown();
    for (let i = 0; i < 20; i++) await run.step(`s${i}`, tracked, () => activeRun().logMetric('loss', i));
    await run.endRun();
    later.options.openDelayMs = 100;
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 250);
    const [end] = await deliver(later, { signal: stop.signal });
    expect(end!.delivered).toBeLessThan(20);
    later.options.openDelayMs = 0;
    const left = await waiting();
    expect(left).toBe(21 - end!.delivered);
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: left }]);
    for (let i = 0; i < 20; i++) expect(losses(later.run(`s${i}`).events)).toEqual([i]);
  });
});

describe('a tracker that still fails', () => {
  test('is given up after its patience, with its reason, and the rest is kept', async () => {
    const { later } = await openDown();
    await run.step('train', tracked, () => activeRun().logMetric('loss', 1));
    await run.endRun();
    later.options.failDeliver = DOWN;
    expect(await deliver(later, { patienceMs: 300 })).toEqual([{ component: 'mine', delivered: 0, failure: 'the server is down' }]);
    expect(await run.store.dueTrackerRuns({})).toMatchObject([{ trackerRuns: 2, free: true, lastError: 'the server is down' }]);
    later.options.failDeliver = 0;
    expect(await deliver(later)).toEqual([{ component: 'mine', delivered: 2 }]);
    expect(losses(later.run('train').events)).toEqual([1]);
  });

  test('whose parent is refused is not asked thousands of times', async () => {
    const { later } = await openDown();
    for (let i = 0; i < 50; i++) await run.step(`s${i}`, tracked, () => 1);
    await run.endRun();
    later.options.failOpen = new Permanent('the key is not valid');
    expect(await deliver(later)).toMatchObject([{ component: 'mine', delivered: 0, failure: 'the key is not valid' }]);
    expect(later.calls).toEqual([`open ${run.name}`]);
  });

  test('does not keep another one waiting', async () => {
    const trackers = ['slow', 'quick'].map((name) => ({ name, flavor: 'recording', tracker: new RecordingTracker({ failOpen: DOWN }) }));
    run = await TrackedRun.open({ trackers, drainTimeoutMs: 50 });
    await run.step('train', { trackers: ['slow', 'quick'] }, () => 1);
    expect(await run.endRun()).toHaveLength(2);
    const quick = new RecordingTracker();
    const later = [trackers[0]!, { name: 'quick', flavor: 'recording', tracker: quick }];
    const ends = await deliverLeft(run.place({ id: 'b'.repeat(32) }), { trackers: later, patienceMs: 200 });
    expect(ends).toEqual(
      expect.arrayContaining([
        { component: 'slow', delivered: 0, failure: 'the server is down' },
        { component: 'quick', delivered: 2 },
      ]),
    );
    expect(await warnings()).toEqual(['experiment tracker "slow": 2 tracker runs not delivered yet (the server is down)']);
  });
});

describe('a run at which a tracker only fails', () => {
  async function endedRun(): Promise<string> {
    const { stack } = (await run.store.run(run.id))!;
    const { id } = await createdRun(run.store, { stack });
    const trackers = [{ component: 'mine', flavor: 'recording' }];
    await completedStep(run.store, id, 'fit', { trackers });
    const outcome = { status: 'completed' } as const;
    await run.store.finishRun({ id, workerId: WORKER.id, ...outcome, endedAt: Date.now(), warnings: [], outcome });
    return id;
  }

  /** A run that ended after another in the same store, and a tracker that takes all but the first. */
  async function twoRuns(): Promise<{ later: RecordingTracker; second: string }> {
    const { later } = await openDown();
    await run.step('train', tracked, () => 1);
    await run.endRun();
    const second = await endedRun();
    const open = later.open.bind(later);
    later.open = async (...call) => {
      if (call[0].runId === run.id) throw new Transient('its W&B run is open to another');
      return open(...call);
    };
    return { later, second };
  }

  test('keeps none of the others from being delivered', async () => {
    const { later, second } = await twoRuns();
    expect(await deliver(later, { patienceMs: 200 })).toMatchObject([
      { component: 'mine', delivered: 2, failure: 'its W&B run is open to another' },
    ]);
    expect([...later.runs.values()].map(({ identity }) => identity.runId)).toEqual([second, second]);
  });

  test('keeps them waiting no longer than for its turn where there is no end to patience', async () => {
    const { later, second } = await twoRuns();
    const real = Date.now;
    const { open } = later;
    let tried = 0;
    later.open = async (...call) => {
      if (call[0].runId === run.id && ++tried === 2) jest.spyOn(Date, 'now').mockImplementation(() => real() + 22_000);
      return open(...call);
    };
    const stop = new AbortController();
    const ended = deliver(later, { signal: AbortSignal.any([stop.signal, AbortSignal.timeout(2_000)]) });
    while (later.runs.size < 2 && !(await withinTime(ended, 20))) continue;
    stop.abort();
    expect(await ended).toMatchObject([{ component: 'mine' }]);
    expect([...later.runs.values()].map(({ identity }) => identity.runId)).toEqual([second, second]);
  });

  test('but a tracker that only fails at three in a row is not asked about the others', async () => {
    const { later } = await twoRuns();
    for (let i = 0; i < 5; i++) await endedRun();
    const tried = new Set<string>();
    later.open = ({ runId }) => {
      tried.add(runId);
      return Promise.reject(DOWN);
    };
    expect(await deliver(later, { patienceMs: 200 })).toEqual([{ component: 'mine', delivered: 0, failure: 'the server is down' }]);
    expect(tried.size).toBe(3);
  });
});

describe('set-aside events', () => {
  test('are listed with their reason, tried again on request, and no longer listed when they arrive', async () => {
    const tracker = new RecordingTracker({
      reject: (event) => (event.kind === 'metrics' && event.step === 7 ? 'step 7 is odd' : undefined),
    });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }] });
    const step = await run.step('train', tracked, () => {
      for (let i = 0; i < 20; i++) activeRun().logMetric('loss', i);
    });
    expect(await run.endRun()).toEqual(['experiment tracker "mine" refused 1 logged event (step 7 is odd): see "mortise tracker status"']);
    expect(await run.store.rejectedEvents({})).toMatchObject([
      { component: 'mine', run: run.name, step: 'train', attempt: 1, seq: 8, why: 'step 7 is odd', runId: run.id },
    ]);
    expect(await deliver(tracker, { retry: true })).toEqual([{ component: 'mine', delivered: 1 }]);
    expect(await run.store.rejectedEvents({})).toHaveLength(1);
    expect(await warnings()).toHaveLength(1);
    delete tracker.options.reject;
    expect(await deliver(tracker, { retry: true })).toEqual([{ component: 'mine', delivered: 1 }]);
    expect(await run.store.rejectedEvents({})).toEqual([]);
    expect(await warnings()).toEqual([]);
    expect(losses(tracker.run('train').events).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(tracker.run('train').status).toBe('completed');
    expect((await run.store.stepRuns(run.id)).find(({ id }) => id === step.tracking.runId)!.trackerRuns[0]!.status).toBe('completed');
  });

  test('are counted, tracker by tracker, with the first reason of each: a run is shown without reading them all', async () => {
    const refusing = (name: string) => ({
      name,
      flavor: 'recording',
      tracker: new RecordingTracker({ reject: (event) => (event.kind === 'metrics' ? `${name} dislikes step ${event.step}` : undefined) }),
    });
    run = await TrackedRun.open({ trackers: [refusing('mine'), refusing('other')] });
    for (const step of ['a', 'b'])
      await run.step(step, { trackers: ['mine', 'other'] }, () => {
        for (let i = 9; i < 21; i++) activeRun().logMetric('loss', i, { step: i });
      });
    await run.endRun();
    const all = jest.spyOn(run.store, 'rejectedEvents');
    expect(await warnings()).toEqual(
      ['mine', 'other'].map(
        (name) => `experiment tracker "${name}" refused 24 logged events (${name} dislikes step 9): see "mortise tracker status"`,
      ),
    );
    expect(all).not.toHaveBeenCalled();
  });

  test('are told to the tracker as such, to which they lie behind what it has', async () => {
    const tracker = new RecordingTracker({ reject: (event) => (event.kind === 'metrics' && event.step === 7 ? 'odd' : undefined) });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }] });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 20; i++) activeRun().logMetric('loss', i);
    });
    await run.endRun();
    const told: unknown[] = [];
    const open = tracker.open.bind(tracker);
    tracker.open = (id, start, ...rest) => {
      told.push(start.again);
      return open(id, start, ...rest);
    };
    await deliver(tracker, { retry: true });
    expect(told).toEqual([true]);
    expect(tracker.run('train').start).not.toHaveProperty('again');
  });

  test('are sent again after what waits in the same run, of which nothing is passed over', async () => {
    const tracker = new RecordingTracker({ reject: (event) => (event.kind === 'metrics' && event.step === 0 ? 'odd' : undefined) });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }], drainTimeoutMs: 50 });
    const step = await run.begin('train', tracked);
    run.inStep(step, () => activeRun().logMetric('loss', 0));
    while ((await run.store.rejectedEvents({})).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    tracker.options.failDeliver = DOWN;
    run.inStep(step, () => {
      for (let i = 1; i < 20; i++) activeRun().logMetric('loss', i);
    });
    await run.end(step);
    await run.endRun();
    delete tracker.options.reject;
    expect(await deliver(tracker, { retry: true, patienceMs: 0 })).toMatchObject([{ delivered: 0, failure: 'the server is down' }]);
    expect({ waiting: await waiting(), setAside: (await run.store.rejectedEvents({})).length }).toEqual({ waiting: 2, setAside: 1 });
    delete tracker.options.failDeliver;
    expect(await deliver(tracker, { retry: true })).toEqual([{ component: 'mine', delivered: 3 }]);
    expect({ waiting: await waiting(), setAside: await run.store.rejectedEvents({}) }).toEqual({ waiting: 0, setAside: [] });
    expect(losses(tracker.run('train').events).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('of which a part fits no tracker are not sent again: the rest of them arrived when they came first, and would undo what came since', async () => {
    const tracker = new RecordingTracker({ capabilities: { limits: { keyLength: 10 } } });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }] });
    await run.step('train', tracked, () => {
      activeRun().logMetrics({ loss: 1, ['n'.repeat(11)]: 1 }, { step: 0 });
      activeRun().logParams({ width: 1, ['n'.repeat(11)]: 1 });
      activeRun().logParams({ width: 2 });
    });
    await run.endRun();
    const calls = (): string[] => tracker.calls.filter((call) => call.startsWith('deliver'));
    const before = calls();
    expect(await deliver(tracker, { retry: true })).toEqual([{ component: 'mine', delivered: 1 }]);
    expect(calls()).toEqual(before);
    expect(await run.store.rejectedEvents({})).toHaveLength(2);
  });

  /** A run of whose twenty points the first three were refused, and are not any more. */
  async function threeSetAside(): Promise<RecordingTracker> {
    const tracker = new RecordingTracker({
      capabilities: { limits: { batch: 1 } },
      reject: (event) => (event.kind === 'metrics' && event.step < 3 ? 'odd' : undefined),
    });
    run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }] });
    await run.step('train', tracked, () => {
      for (let i = 0; i < 20; i++) activeRun().logMetric('loss', i);
    });
    await run.endRun();
    expect(await run.store.rejectedEvents({})).toHaveLength(3);
    delete tracker.options.reject;
    return tracker;
  }

  test('that arrived are noted with the answer: where a process ends in the middle, the next one sends the rest', async () => {
    const tracker = await threeSetAside();
    const calls = (): string[] => tracker.calls.filter((call) => call.startsWith('deliver'));
    const before = calls().length;
    const recorded = run.store.updateTrackerRun;
    const stop = new AbortController();
    jest.spyOn(run.store, 'updateTrackerRun').mockImplementation(async (update) => {
      if (calls().length === before + 2) stop.abort();
      // As one that was killed: of the second answer nothing is noted.
      if (!stop.signal.aborted) await recorded(update);
    });
    await deliver(tracker, { retry: true, signal: stop.signal });
    jest.restoreAllMocks();
    expect((await run.store.rejectedEvents({})).map(({ seq }) => seq)).toEqual([2, 3]);
    await deliver(tracker, { retry: true });
    expect(await run.store.rejectedEvents({})).toEqual([]);
    expect(calls().slice(before)).toHaveLength(4);
    expect(await waiting()).toBe(0);
  });

  test('that arrived are noted though the end of their tracker run cannot be told', async () => {
    const tracker = await threeSetAside();
    tracker.options.failClose = DOWN;
    expect(await deliver(tracker, { retry: true, patienceMs: 100 })).toMatchObject([{ delivered: 0, failure: 'the server is down' }]);
    expect(await run.store.rejectedEvents({})).toEqual([]);
    delete tracker.options.failClose;
    expect(await waiting()).toBe(1);
    expect(await deliver(tracker)).toEqual([{ component: 'mine', delivered: 1 }]);
    expect(losses(tracker.run('train').events).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('that the log no longer holds are not said to have arrived', async () => {
    const tracker = await threeSetAside();
    rmSync(run.place({ id: 'b'.repeat(32) }).project.logsFolder, { recursive: true });
    await deliver(tracker, { retry: true });
    expect(await run.store.rejectedEvents({})).toHaveLength(3);
  });

  test('are given up with what waits', async () => {
    const { later } = await openDown();
    await run.step('train', tracked, () => 1);
    await run.endRun();
    expect(await run.store.dropTrackerRuns({ component: 'other' })).toEqual({ trackerRuns: 0, events: 0 });
    expect(await run.store.dropTrackerRuns({ component: 'mine', runId: run.id })).toEqual({ trackerRuns: 2, events: 0 });
    expect(await waiting()).toBe(0);
    expect(await warnings()).toEqual([]);
    expect(await deliver(later)).toEqual([]);
  });
});
