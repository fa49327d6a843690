import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Transient } from '../errors.ts';
import { FileTracker } from '../testing/file-tracker.ts';
import { RecordingTracker, type RecordingTrackerOptions } from '../testing/recording-tracker.ts';
import { TrackedRun } from '../testing/tracked-run.ts';
import { activeRun } from './active-run.ts';
import type { ExperimentTracker, TrackerEvent } from './experiment-tracker.ts';
import { trackerRunKey } from './tracker-run-key.ts';

let run: TrackedRun;
/** Folder of the tracker's server. */
let server: string;
beforeEach(() => {
  server = mkdtempSync(join(tmpdir(), 'mortise-server-'));
});
afterEach(() => {
  run.close();
  rmSync(server, { recursive: true });
});

const LIMIT_MS = 300;
const tracked = { trackers: ['mine'] };
const losses = (events: readonly TrackerEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']!] : []));

/** `drainTimeoutMs`: how long the end of the run waits for a tracker that gets no further. */
async function openWith(tracker: ExperimentTracker, drainTimeoutMs = LIMIT_MS): Promise<void> {
  run = await TrackedRun.open({
    trackers: [{ name: 'mine', flavor: 'recording', tracker }],
    drainTimeoutMs,
    openTimeoutMs: LIMIT_MS,
  });
}

/** Ten steps that log ten metrics each, and the end of the run. Gives how long it took and what the run says. */
async function work(between: (step: number) => void = () => {}): Promise<{ stepsMs: number; endMs: number; said: string[] }> {
  const started = Date.now();
  for (let i = 0; i < 10; i++) {
    between(i);
    await run.step(`s${i}`, tracked, async () => {
      for (let j = 0; j < 10; j++) activeRun().logMetric('loss', 10 * i + j);
      await delay(5);
    });
  }
  const ended = Date.now();
  const said = await run.endRun();
  return { stepsMs: ended - started, endMs: Date.now() - ended, said };
}

const keyOf = (stepId?: string): string =>
  trackerRunKey({ runId: run.id, ...(stepId !== undefined && { stepId }), attempt: stepId === undefined ? 0 : 1, component: 'mine' });

/** Delivers what is left as a process of its own, which may be killed after an answer of the tracker that it has not yet taken. */
async function laterProcess({ dieAfter }: { dieAfter?: 'open' | 'deliver' | 'close' } = {}): Promise<NodeJS.Signals | null> {
  const source = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../${path}`, import.meta.url)));
  const script = join(run.folder, 'later.ts');
  writeFileSync(
    script,
    `import { FileTracker } from ${source('testing/file-tracker.ts')};
import { openStore } from ${source('store/open-store.ts')};
import { projectAt } from ${source('project/project.ts')};
import { deliverLeft } from ${source('tracking/deliver-left.ts')};
const folder = import.meta.dirname;
const store = await openStore('sqlite:' + folder + '/store.db');
const log = { debug() {}, info() {}, warn: console.error };
const id = ${JSON.stringify(crypto.randomUUID().replaceAll('-', ''))};
const worker = { id, host: 'here', bootId: 'boot', pidNamespace: 'ns', pid: process.pid, processStartedAt: '2' };
const tracker = new FileTracker(${JSON.stringify(server)}, (call) => {
  if (call === ${JSON.stringify(dieAfter ?? 'never')}) process.kill(process.pid, 'SIGKILL');
});
const project = { ...projectAt(folder), logsFolder: folder + '/logs' };
const trackers = [{ name: 'mine', flavor: 'recording', tracker }];
await deliverLeft({ store, project, log, worker, isDead: async () => true }, { trackers });
store.close();`,
  );
  const child = spawn(process.execPath, ['--no-warnings', script], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  expect(code ?? signal).toBe(dieAfter === undefined ? 0 : 'SIGKILL');
  return signal;
}

/** That all of it is at the server, each point once and in order, and each tracker run as its step ended. */
async function allArrived(): Promise<void> {
  const filed = new FileTracker(server);
  for (let i = 0; i < 10; i++) {
    const { events, closes } = filed.run(keyOf(`s${i}`))!;
    expect(losses(events)).toEqual(Array.from({ length: 10 }, (_, j) => 10 * i + j));
    expect([...new Set(closes.map(({ outcome }) => outcome.status))]).toEqual(['completed']);
  }
  expect(filed.run(keyOf())!.closes.at(-1)!.outcome).toEqual({ status: 'completed' });
  expect(await run.store.undelivered()).toEqual([]);
}

const DOWN = new TypeError('fetch failed');

describe('an experiment tracker that fails leaves the steps alone, and everything arrives later, once, by another process', () => {
  const cases: [string, RecordingTrackerOptions][] = [
    ['throws in open', { failOpen: DOWN }],
    ['throws in deliver', { failDeliver: DOWN }],
    ['throws in close', { failClose: DOWN }],
    ['takes 60 s to answer', { openDelayMs: 60_000 }],
    ['takes 60 s to take events', { deliverDelayMs: 60_000 }],
  ];
  test.each(cases)('one that %s', async (_, options) => {
    await openWith(new RecordingTracker(options));
    const { stepsMs, endMs, said } = await work();
    expect(stepsMs).toBeLessThan(20_000);
    expect(endMs).toBeLessThan(LIMIT_MS + 20_000);
    expect(said).toEqual([expect.stringMatching(/^experiment tracker "mine": \d+ tracker runs not delivered yet \(.+\)$/)]);
    expect((await run.store.stepRuns(run.id)).map(({ status }) => status)).toEqual(Array(10).fill('completed'));
    await laterProcess();
    expect(await run.store.undelivered()).toEqual([]);
    const opened = new FileTracker(server).run(keyOf())!;
    expect(opened.closes).toMatchObject([{ outcome: { status: 'completed' } }]);
    if (options.failClose === undefined) await allArrived();
  });

  test('one that ignores that it was told to stop', async () => {
    const deaf = new RecordingTracker();
    deaf.open = () => new Promise(() => {});
    await openWith(deaf);
    const { endMs, said } = await work();
    expect(endMs).toBeLessThan(LIMIT_MS + 20_000);
    expect(said).toEqual([`experiment tracker "mine": 11 tracker runs not delivered yet (no answer within ${LIMIT_MS} ms)`]);
    await laterProcess();
    await allArrived();
  });

  test('one that is down for the middle third', async () => {
    let down = false;
    const tracker = new FileTracker(server, () => {
      if (down) throw new Transient('503');
    });
    await openWith(tracker, 60_000);
    const { said } = await work((step) => (down = step >= 3 && step < 7));
    expect(said).toEqual([]);
    await allArrived();
  });
});

describe('a process that dies between the answer of a tracker and noting it', () => {
  test.each(['open', 'deliver', 'close'] as const)('after %s: what is sent again by the next one is there once', async (dieAfter) => {
    await openWith(new RecordingTracker({ failOpen: DOWN }));
    await work();
    for (let i = 0; i < 3; i++) await laterProcess({ dieAfter });
    await laterProcess();
    await allArrived();
  });
});

test('one permanently refused event among 10,000: the others arrive, and it is listed with its reason', async () => {
  const tracker = new RecordingTracker({ reject: ({ seq }) => (seq === 4_321 ? 'a step may not go back' : undefined) });
  await openWith(tracker, 60_000);
  const step = await run.begin('train', tracked);
  run.inStep(step, () => {
    for (let i = 0; i < 10_000; i++) activeRun().logMetric('loss', i);
  });
  await run.end(step);
  await run.tracking.apply(true);
  while (tracker.run('train').status === 'running') await delay(10);
  expect(await run.endRun()).toEqual([
    'experiment tracker "mine" refused 1 logged event (a step may not go back): see "mortise tracker status"',
  ]);
  const all = Array.from({ length: 10_000 }, (_, i) => i);
  expect(losses(tracker.run('train').events)).toEqual(all.filter((i) => i !== 4_320));
  expect(await run.store.rejectedEvents({})).toMatchObject([{ step: 'train', seq: 4_321, why: 'a step may not go back' }]);
});

/** A tracker, and when it was asked to open something, ms: `fails` gives what it then throws. */
function timed(fails: (call: number) => Error | undefined): { tracker: RecordingTracker; calls: number[] } {
  const calls: number[] = [];
  const tracker = new RecordingTracker();
  const open = tracker.open.bind(tracker);
  tracker.open = (...args) => {
    calls.push(performance.now());
    const error = fails(calls.length);
    return error === undefined ? open(...args) : Promise.reject(error);
  };
  return { tracker, calls };
}

test('it is asked again no sooner than it said', async () => {
  const { tracker, calls } = timed((call) => (call === 1 ? new Transient('429', { retryAfter: 250 }) : undefined));
  await openWith(tracker, 60_000);
  await run.step('train', tracked, () => 1);
  await run.endRun();
  expect(calls[1]! - calls[0]!).toBeGreaterThanOrEqual(245);
});

test('it is asked again after pauses that grow', async () => {
  const { tracker, calls } = timed(() => DOWN);
  await openWith(tracker);
  await run.step('train', tracked, () => 1);
  while (calls.length < 5) await delay(10);
  // 50 to 100 ms, 100 to 200, 200 to 400, 400 to 800: a slow machine makes them longer, and none makes them shorter. A timer may come a ms early.
  for (const [index, least] of [50, 100, 200, 400].entries()) expect(calls[index + 1]! - calls[index]!).toBeGreaterThanOrEqual(least - 2);
  await run.endRun();
});
