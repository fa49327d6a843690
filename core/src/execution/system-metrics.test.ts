import { totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import * as local from '@mortise/flavor-local';
import { activeRun, Client, pipeline, step, type PipelineRun, type StepOptions } from '../index.ts';
import type { Logger } from '../stack/flavor.ts';
import type { LoggedEvent } from '../tracking/experiment-tracker.ts';
import { recordingFlavor, RecordingTracker } from '../testing/recording-tracker.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { whileSampling } from './system-metrics.ts';

const tracker = new RecordingTracker();
jest.unstable_mockModule('@mortise/flavor-local', () => ({ flavors: [...local.flavors, recordingFlavor(tracker, 'recording')] }));

const CPU = 'system/cpu_utilization_percentage';
const MEMORY = 'system/system_memory_usage_megabytes';
const EVERYWHERE = [
  CPU,
  'system/disk_available_megabytes',
  'system/disk_usage_megabytes',
  'system/disk_usage_percentage',
  'system/network_receive_megabytes',
  'system/network_transmit_megabytes',
  MEMORY,
  'system/system_memory_usage_percentage',
];
const WATCHED = { systemMetrics: { intervalMs: 500 }, cache: false } as const;

let place: Awaited<ReturnType<typeof temporaryProject>>;
let client: Client;
let stderr: jest.SpiedFunction<typeof process.stderr.write>;

beforeEach(async () => {
  tracker.runs.clear();
  stderr = jest.spyOn(process.stderr, 'write');
  place = await temporaryProject();
  client = new Client();
  await client.registerComponent({ type: 'experiment-tracker', name: 'recording', flavor: 'recording', config: {} });
  const parts = { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'recording' };
  await client.registerStack('recording', parts);
  await client.setActiveStack('recording');
});
afterEach(async () => {
  stderr.mockRestore();
  await client.close();
  place.remove();
});

function block(ms: number): void {
  for (const end = Date.now() + ms; Date.now() < end;);
}

const runOf = (options: StepOptions, code: () => unknown): Promise<PipelineRun> =>
  pipeline('watched', () => void step('one', options, code)()).run();

/** How many samples of an attempt have come to the tracker. */
function sampled(name: string, attempt: number): number {
  const run = [...tracker.runs.values()].find(({ identity }) => identity.stepId === name && identity.attempt === attempt);
  return run?.events.filter(({ kind }) => kind === 'metrics').length ?? 0;
}

/** For a step: waits until it, or the one of that name, has so many samples in this attempt, however slow the machine is. */
async function hasSamples(count: number, name = 'one'): Promise<void> {
  const { attempt } = activeRun();
  while (sampled(name, attempt) < count) await pause(20);
}

/** A metric of the step `one`, from the store: times in ms since the epoch. */
async function pointsOf(run: PipelineRun, metric: string): Promise<{ step: number; at: number; value: number }[]> {
  const points = await client.metricHistory(run.id, 'one', metric);
  return points.map(({ at, ...point }) => ({ ...point, at: Date.parse(at) }));
}

describe('a step with systemMetrics', () => {
  it('has plausible samples of the machine, in the store and at its tracker', async () => {
    const run = await runOf({ ...WATCHED, experimentTracker: true }, () => hasSamples(3));
    const { tracker: logged, attempts } = run.steps['one']!;
    expect(Object.keys(logged.metrics).toSorted()).toEqual(expect.arrayContaining(EVERYWHERE));
    for (const [name, { min, max, count }] of Object.entries(logged.metrics)) {
      expect(count).toBeGreaterThanOrEqual(2);
      expect(min).toBeGreaterThanOrEqual(0);
      expect(max).toBeLessThanOrEqual(name.endsWith('_percentage') ? 100 : Infinity);
    }
    expect(logged.metrics[MEMORY]!.min).toBeGreaterThan(0);
    expect(logged.metrics[MEMORY]!.max).toBeLessThan(totalmem() / 1e6);

    const stored = await pointsOf(run, CPU);
    expect(stored.map((point) => point.step)).toEqual(stored.map((_, index) => index));
    const sent = tracker.run('one').events.filter((event) => event.kind === 'metrics');
    expect(sent.map(({ step, at, values }) => ({ step, at, value: values[CPU] }))).toEqual(stored);
    expect(stored.at(-1)!.at).toBeLessThanOrEqual(Date.parse(attempts[0]!.endedAt!));
  });

  it('is sampled while it blocks the main thread, at the times at which the samples were taken', async () => {
    let [from, to] = [0, 0];
    const run = await runOf({ ...WATCHED, experimentTracker: true }, async () => {
      await hasSamples(1);
      from = Date.now();
      block(3_000);
      to = Date.now();
    });
    const within = (await pointsOf(run, CPU)).filter(({ at }) => at >= from && at <= to);
    expect(within.length).toBeGreaterThanOrEqual(2);
    expect(within[1]!.at - within[0]!.at).toBeGreaterThanOrEqual(100);
    expect(Math.max(...within.map(({ value }) => value))).toBeGreaterThan(0);
    expect(tracker.run('one').events.filter(({ at }) => at >= from && at <= to)).toHaveLength(within.length);
  });

  it('has a sample at its end when it is shorter than an interval, and does not wait for one when it is over at once', async () => {
    const short = await runOf({ systemMetrics: true, cache: false, experimentTracker: true }, () => hasSamples(1).then(() => pause(200)));
    expect((await pointsOf(short, CPU)).map((point) => point.step)).toEqual([0, 1]);
    const instant = await runOf({ systemMetrics: true, cache: false }, () => 1);
    expect(await pointsOf(instant, CPU)).toEqual([]);
  });

  it('counts anew in each attempt, also in one that fails', async () => {
    const fails = async (): Promise<void> => {
      await hasSamples(1);
      await pause(200);
      throw new Error('no');
    };
    const run = await runOf({ systemMetrics: true, cache: false, experimentTracker: true, retry: { retries: 1 } }, fails);
    expect(run.status).toBe('failed');
    const steps = [...tracker.runs.values()]
      .filter(({ identity }) => identity.attempt > 0)
      .map(({ events }) => events.flatMap((event) => (event.kind === 'metrics' ? [event.step] : [])));
    expect(steps).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('has no samples of the time after its end, and nobody is warned of any', async () => {
    const run = await runOf({ ...WATCHED, timeoutMs: 3_000 }, () => pause(60_000, undefined, { ref: false }));
    await pause(700);
    const endedAt = Date.parse(run.steps['one']!.attempts[0]!.endedAt!);
    const points = await pointsOf(run, CPU);
    expect(points.length).toBeGreaterThanOrEqual(1);
    expect(points.filter(({ at }) => at > endedAt)).toEqual([]);
    expect(stderr.mock.calls.join('')).toBe('');
    expect(run.warnings).toEqual([]);
  });

  it('comes from the cache of one that had none', async () => {
    const load = step('one', { cacheKey: 1 }, () => 1);
    await pipeline('plain', () => void load()).run();
    const again = await pipeline('plain', { systemMetrics: { intervalMs: 500 } }, () => void load()).run();
    expect(again.steps['one']!.status).toBe('cached');
  });

  it('has them from its pipeline, each with its own count, and not when it says false', async () => {
    const run = await pipeline('all', { ...WATCHED }, () => {
      step('often', { experimentTracker: true }, () => hasSamples(3, 'often'))();
      step('rarely', { systemMetrics: true, experimentTracker: true }, () => hasSamples(1, 'rarely').then(() => pause(200)))();
      step('never', { systemMetrics: false }, () => hasSamples(3, 'often'))();
    }).run();
    const last = (id: string) => run.steps[id]!.tracker.metrics[CPU]?.lastStep;
    expect(last('often')).toBeGreaterThanOrEqual(2);
    expect([last('rarely'), last('never')]).toEqual([1, undefined]);
  });
});

describe('sampling', () => {
  const log = { debug: () => undefined, info: () => undefined, warn: jest.fn<Logger['warn']>() };
  const { signal } = new AbortController();

  it('gives an attempt that blocked and was stopped what was taken meanwhile, before it ends', async () => {
    const append = jest.fn();
    const stopped = AbortSignal.abort();
    await whileSampling({ systemMetrics: { intervalMs: 500 }, tracking: { append }, signal: stopped, log }, async () => {
      while (append.mock.calls.length === 0) await pause(20);
      append.mockClear();
      block(3_000);
    });
    expect(append.mock.calls.length).toBeGreaterThanOrEqual(2);
  });

  it('leaves alone a step whose log cannot be written: it is warned of once', async () => {
    const append = jest.fn((_: LoggedEvent) => {
      throw new Error('the disk is full');
    });
    const result = await whileSampling({ systemMetrics: { intervalMs: 500 }, tracking: { append }, signal, log }, async () => {
      while (append.mock.calls.length === 0) await pause(20);
      return pause(800, 'done');
    });
    expect([result, append.mock.calls.length]).toEqual(['done', 1]);
    expect(log.warn.mock.calls).toEqual([['system metrics are no longer logged: the disk is full']]);
  });
});
