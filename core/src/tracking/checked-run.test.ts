import { expect, test } from '@jest/globals';
import { RecordingTracker } from '../testing/recording-tracker.ts';
import { TrackedRun } from '../testing/tracked-run.ts';
import { checkedRun } from './checked-run.ts';
import { deliverLeft } from './deliver-left.ts';
import type { ExperimentTracker, TrackerRun } from './experiment-tracker.ts';

/** A tracker of an author whose compiler has missed something: these parts of its runs are in the place of the right ones. */
function trackerWith(parts: (run: TrackerRun) => object | undefined, inner = new RecordingTracker()): ExperimentTracker {
  return {
    capabilities: inner.capabilities,
    async open(...call) {
      const run = await inner.open(...call);
      const right = {
        ref: run.ref,
        native: undefined,
        deliver: run.deliver.bind(run),
        close: run.close.bind(run),
      };
      const wrong = parts(run);
      return (wrong && { ...right, ...wrong }) as TrackerRun;
    },
  };
}

const runWith = (tracker: ExperimentTracker): Promise<TrackedRun> =>
  TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'diary', tracker }], drainTimeoutMs: 2_000 });

const logOne = (run: TrackedRun) =>
  run.step('train', { trackers: ['mine'] }, async (attempt) => {
    attempt.append({ kind: 'metrics', values: { loss: 1 }, step: 0 });
    await attempt.trackerRuns[0]!.opened().catch(() => undefined);
  });

let calls: number;

test.each<[string, (run: TrackerRun) => object | undefined, string]>([
  ['open() gives nothing', () => undefined, 'its open() gave nothing'],
  ['a run has no close()', () => ({ close: undefined }), 'what its open() gave has no close()'],
  ['a run has no ref', () => ({ ref: undefined }), 'what its open() gave has no ref'],
  ['a ref has no ids', () => ({ ref: { id: 'x' } }), 'the ref of its open() has no ids'],
  ['an id is nothing', ({ ref }) => ({ ref: { ...ref, ids: { run: undefined } } }), 'the id "run" in the ref of its open() is no text'],
  ['a ref is no JSON', ({ ref }) => ({ ref: { ...ref, state: 1n } }), 'the ref of its open() is no JSON'],
  [
    'a URL is no text',
    ({ ref }) => ({ ref: { ...ref, url: new URL('http://diary.local/') } }),
    'the url in the ref of its open() is no text',
  ],
  ['deliver() gives nothing', () => ({ deliver: async () => void calls++ }), 'its deliver() gave nothing'],
  ['a receipt lacks what it is for', ({ ref }) => ({ deliver: async () => ({ ref }) }), 'what its deliver() gave has no through'],
  [
    'a receipt counts in no numbers',
    ({ ref }) => ({ deliver: async (sent: { writer: string }[]) => ({ ref, through: { [sent[0]!.writer]: NaN } }) }),
    'what its deliver() gave as through is not a number for each writer',
  ],
  [
    'a receipt has no ref',
    () => ({ deliver: async (sent: { writer: string; seq: number }[]) => ({ through: { [sent[0]!.writer]: sent[0]!.seq } }) }),
    'what its deliver() gave has no ref',
  ],
  [
    'what was rejected lacks a reason',
    ({ ref }) => ({
      deliver: async (sent: { writer: string; seq: number }[]) => ({
        ref,
        through: {},
        rejected: sent.map(({ writer, seq }) => ({ writer, seq })),
      }),
    }),
    'what its deliver() gave as rejected is not a list of { writer, seq, why }',
  ],
  ['close() gives nothing', () => ({ close: async () => undefined }), 'its close() gave nothing'],
])('that %s is said in one clear line, and nothing is sent again and again', async (_, parts, reason) => {
  calls = 0;
  const run = await runWith(trackerWith(parts));
  await logOne(run);
  const told = `(the experiment tracker flavor "diary" does not do what a tracker is to do: ${reason})`;
  const warnings = await run.endRun();
  expect(warnings.map((line) => line.replace(/\d tracker runs?/, 'N'))).toEqual([`experiment tracker "mine": N not delivered yet ${told}`]);
  expect(calls).toBeLessThanOrEqual(1);
  run.close();
});

test('whoever meets a wrong answer is told which flavor it is of, and what to do', () => {
  const check = { flavor: 'diary', endingFailed: () => undefined };
  expect(() => checkedRun([], check)).toThrow(
    expect.objectContaining({
      code: 'TRACKER_BROKEN',
      advice: 'Mend or update the package it comes from.',
      facts: { flavor: 'diary', reason: 'its open() gave a list' },
    }),
  );
});

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('no end');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no end'))],
])('that ending() %s changes nothing about the step, the run and what is delivered, now and later', async (_, ending) => {
  const inner = new RecordingTracker();
  let isDown = true;
  const tracker = trackerWith(
    (run) => ({
      ending,
      deliver: (...batch: Parameters<TrackerRun['deliver']>) => (isDown ? Promise.reject(new Error('down')) : run.deliver(...batch)),
    }),
    inner,
  );
  const run = await runWith(tracker);
  await logOne(run);
  expect(await run.endRun()).toEqual(['experiment tracker "mine": 2 tracker runs not delivered yet (down)']);
  isDown = false;
  await deliverLeft(run.place(), { trackers: [{ name: 'mine', flavor: 'diary', tracker }] });
  expect(await run.store.dueTrackerRuns({ runId: run.id })).toEqual([]);
  run.close();
});
