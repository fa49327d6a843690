import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, it, test } from '@jest/globals';
import { isError, Permanent, Transient, type ExperimentTracker, type TrackerRun } from '@mortise/core';

import { testExperimentTracker } from '../experiment-tracker/test-experiment-tracker.ts';
import { curve, events, never, newIdentity, newStart } from '../experiment-tracker/tracker-place.ts';
import { RecordingTracker } from '../recording/recording-tracker.ts';
import { recordingSuite } from '../testing/recording-suite.ts';
import { CHAOS_ACTS, type ChaosPlan } from './chaos-plan.ts';
import { chaos, type ChaosOptions } from './chaos.ts';

const logged = events(curve('loss', 4));
const DIED = 'the process died';

/** A run of a recording tracker behind chaos that strikes after it was opened. */
async function opened(plan: ChaosPlan, options: ChaosOptions = {}) {
  const inner = new RecordingTracker();
  const tracker = chaos(inner, plan, options);
  const identity = newIdentity();
  const run = await tracker.open(identity, newStart('train', identity.runId), undefined, never());
  return { inner, tracker, run, held: () => inner.run('train').events.map(({ seq }) => seq) };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'an answer',
    (error: { code?: unknown }) => error.code,
  );

describe('a batch meets', () => {
  it.each([
    ['pass', 'an answer', [1, 2, 3, 4], 1],
    ['refuse', 'PERMANENT', [], 0],
    ['unavailable', 'TRANSIENT', [], 0],
    ['time-out', 'TRANSIENT', [], 0],
    ['cut', 'TRANSIENT', [1, 2], 1],
    ['lose-answer', 'TRANSIENT', [1, 2, 3, 4], 1],
    ['duplicate', 'an answer', [1, 2, 3, 4], 2],
    ['delay', 'an answer', [1, 2, 3, 4], 1],
  ] as const)('%s: whoever sent it gets %s, the tracker has %j, sent %i times', async (act, answer, seqs, sent) => {
    const { inner, tracker, run, held } = await opened({ deliver: [act] }, { timeoutMs: 10 });
    expect(await codeOf(run.deliver(logged, never()))).toBe(answer);
    expect(held()).toEqual(seqs);
    expect(inner.run('train').batches).toHaveLength(sent);
    expect(tracker.calls.at(-1)).toMatchObject({ method: 'deliver', act });
    expect((await run.deliver(logged, never())).through).toEqual({ w: 4 });
    expect(held()).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['die-before', []],
    ['die-after', [1, 2, 3, 4]],
  ] as const)('%s: no answer comes, and the tracker has %j', async (act, seqs) => {
    const die = (): never => {
      throw new Error(DIED);
    };
    const { run, held } = await opened({ deliver: [act] }, { die });
    await expect(run.deliver(logged, never())).rejects.toThrow(DIED);
    expect(held()).toEqual(seqs);
  });

  it('a death that is only told of: the call ends with its signal, and not before', async () => {
    let deaths = 0;
    const { run } = await opened({ close: ['die-before'] }, { die: () => (deaths += 1) });
    await expect(run.close({ status: 'completed' }, 1, AbortSignal.timeout(30))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(deaths).toBe(1);
  });
});

test('a time-out ends with the signal, if that is sooner', async () => {
  const { run } = await opened({ deliver: ['time-out'] }, { timeoutMs: 60_000 });
  await expect(run.deliver(logged, AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'AbortError' });
});

test('answers change their order', async () => {
  const { tracker, run } = await opened({ deliver: ['delay'] }, { delayMs: 5_000 });
  const other = await tracker.open(newIdentity(), newStart('other', 'run'), undefined, never());
  const order: string[] = [];
  await Promise.all([
    run.deliver(logged, never()).then(() => order.push('first')),
    other.deliver(logged, never()).then(() => order.push('second')),
  ]);
  expect(order).toEqual(['second', 'first']);
});

test('each method has a plan of its own, and passes when it is used up', async () => {
  const tracker = chaos(new RecordingTracker(), { open: ['unavailable', 'lose-answer'], close: ['refuse'], check: ['unavailable'] });
  const identity = newIdentity();
  const open = (): Promise<TrackerRun> => tracker.open(identity, newStart('train', 'run'), undefined, never());
  expect([await codeOf(open()), await codeOf(open())]).toEqual(['TRANSIENT', 'TRANSIENT']);
  const run = await open();
  expect(await codeOf(run.close({ status: 'completed' }, 1, never()))).toBe('PERMANENT');
  expect(await codeOf(tracker.check(never()))).toBe('TRANSIENT');
  expect(run.native).toMatchObject({ status: 'running', identity });
  await run.close({ status: 'completed' }, 1, never());
  expect(run.native).toMatchObject({ status: 'completed' });
});

test('the default death is that of the process, at once', () => {
  const code = `
    const { chaos, RecordingTracker } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
    const tracker = chaos(new RecordingTracker(), { check: ['die-before'] });
    process.on('exit', () => console.log('too late'));
    await tracker.check(new AbortController().signal);`;
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  const { signal, stdout } = spawnSync(process.execPath, ['--conditions=mortise-source', '--input-type=module', '-e', code], {
    cwd,
    encoding: 'utf8',
  });
  expect({ signal, stdout }).toEqual({ signal: 'SIGKILL', stdout: '' });
});

describe('by chance', () => {
  const acts = async (seed: number): Promise<string[]> => {
    const tracker = chaos(new RecordingTracker(), { seed, odds: { unavailable: 0.2, refuse: 0.1, duplicate: 0.1 } });
    for (let i = 0; i < 1_000; i++) await tracker.check(never()).catch(() => undefined);
    return tracker.calls.map(({ act }) => act);
  };

  it('one seed gives one schedule, another seed another', async () => {
    expect(await acts(1)).toEqual(await acts(1));
    expect(await acts(1)).not.toEqual(await acts(2));
  });

  it('each act is as likely as was said', async () => {
    const found = await acts(3);
    const share = (act: string): number => found.filter((each) => each === act).length / found.length;
    for (const [act, odds] of [
      ['unavailable', 0.2],
      ['refuse', 0.1],
      ['duplicate', 0.1],
      ['pass', 0.6],
    ] as const)
      expect(Math.abs(share(act) - odds)).toBeLessThan(0.05);
  });
});

/** Calls until it succeeds. What is refused is tried again as well: in these tests it is by chance. */
async function persist<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call(AbortSignal.timeout(1_000));
    } catch (error) {
      if ((error as Error).message === DIED) throw error;
      expect(isError(error, Transient) || isError(error, Permanent)).toBe(true);
    }
  }
}

/** Brings a run from open to close, as a new process each time that one dies. */
async function bringAbout(tracker: ExperimentTracker, identity: ReturnType<typeof newIdentity>): Promise<void> {
  const all = events(curve('loss', 60));
  for (;;) {
    try {
      const run = await persist((signal) => tracker.open(identity, newStart('train', identity.runId), undefined, signal));
      for (let at = 0; at < all.length; at += 7) await persist((signal) => run.deliver(all.slice(at, at + 7), signal));
      await persist((signal) => run.close({ status: 'completed' }, 1, signal));
      return;
    } catch (error) {
      expect((error as Error).message).toBe(DIED);
    }
  }
}

test.each(Array.from({ length: 25 }, (_, i) => i + 1))(
  'whatever happens (seed %i), a client that tries again brings each event there once',
  async (seed) => {
    const inner = new RecordingTracker();
    const die = (): never => {
      throw new Error(DIED);
    };
    const odds = Object.fromEntries(CHAOS_ACTS.slice(1).map((act) => [act, 0.07]));
    const tracker = chaos(inner, { seed, odds, most: 40 }, { timeoutMs: 2, delayMs: 2, die });
    const [one, two] = [newIdentity(), newIdentity()];
    await Promise.all([bringAbout(tracker, one), bringAbout(tracker, two)]);
    for (const { key } of [one, two]) {
      const { events: held, status } = inner.runs.get(key)!;
      expect(held.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
      expect(status).toBe('completed');
    }
    expect(new Set(tracker.calls.map(({ act }) => act)).size).toBeGreaterThan(5);
  },
);

// A tracker keeps its promises also when each call reaches it twice, and each answer is late.
for (const act of ['duplicate', 'delay'] as const) {
  const plan: ChaosPlan = { seed: 1, odds: { [act]: 1 } };
  testExperimentTracker(
    { describe, it },
    { ...recordingSuite((options) => chaos(new RecordingTracker(options), plan, { delayMs: 1 })), name: `in chaos: ${act}` },
  );
}
