import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { expect, test } from '@jest/globals';

import type { MetadataStore } from '../store/metadata-store.ts';
import type { LoggedRecord, TrackerRunUpdate } from '../store/tracking-data.ts';
import { RecordingTracker } from '../testing/recording-tracker.ts';
import { TrackedRun } from '../testing/tracked-run.ts';
import { Delivery } from './delivery.ts';
import type { ExperimentTracker } from './experiment-tracker.ts';

const record = (seq: number): LoggedRecord => ({
  ...{ kind: 'metrics', values: { loss: seq }, step: seq },
  ...{ writer: 'w', seq, at: seq, runId: 'r' },
});

/** So many events, in a queue that cannot be read from a certain one on. */
function eventQueue(count: number, unreadableFrom = Infinity) {
  let waiting = Array.from({ length: count }, (_, i) => ({ record: record(i + 1) }));
  return {
    get size() {
      return waiting.length;
    },
    peek(most: number) {
      if (waiting.length > 0 && waiting[0]!.record.seq >= unreadableFrom) throw new Error('EMFILE');
      return waiting.slice(0, most);
    },
    shift: (taken: number) => void (waiting = waiting.slice(taken)),
  };
}

/** A delivery of these events to a tracker whose answers are given by the test: `answers[n]` to the n-th batch. */
function deliveryOf(events: ReturnType<typeof eventQueue>) {
  const recorded: TrackerRunUpdate[] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const delivered: number[][] = [];
  const inner = new RecordingTracker();
  const tracker: ExperimentTracker = {
    capabilities: inner.capabilities,
    async open(...call) {
      const run = await inner.open(...call);
      return {
        ref: run.ref,
        native: undefined,
        close: (...end) => run.close(...end),
        async deliver(sent, signal) {
          const answer = Promise.withResolvers<void>();
          answers.push(answer);
          await answer.promise;
          delivered.push([sent[0]!.seq, sent.at(-1)!.seq]);
          return run.deliver(sent, signal);
        },
      };
    },
  };
  const delivery = new Delivery(
    {
      component: { name: 'mine', flavor: 'recording', tracker },
      row: async () => ({ id: 'k', key: 'k' }),
      identity: { runId: 'r', stepId: 'train', attempt: 1 },
      start: async () => ({ name: 'train', experiment: 'e', group: 'g', tags: {}, startedAt: 1, settings: {} }),
      parent: undefined,
      events,
      metadataSuffixes: [''],
    },
    {
      store: { updateTrackerRun: async (update: TrackerRunUpdate) => void recorded.push(update) } as unknown as MetadataStore,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      stop: new AbortController().signal,
      openTimeoutMs: 1_000,
    },
  );
  delivery.end({ status: 'completed' }, 2);
  return { delivery, answers, delivered, acked: () => recorded.findLast((update) => update.acked !== undefined)?.acked };
}

test('while the tracker has a batch the next one is made ready, no more, and only what the tracker has taken is recorded', async () => {
  const events = eventQueue(3_500);
  const { delivery, answers, delivered, acked } = deliveryOf(events);
  for (const [sent, left, last] of [
    [1, 1_500, undefined],
    [2, 500, { w: 1_000 }],
    [3, 0, { w: 2_000 }],
    [4, 0, { w: 3_000 }],
  ] as const) {
    const isSo = (): boolean => answers.length === sent && events.size === left && isDeepStrictEqual(acked(), last);
    for (const end = Date.now() + 60_000; Date.now() < end && !isSo();) await delay(1);
    // And it stays so.
    await delay(20);
    expect({ sent: answers.length, left: events.size, acked: acked() }).toEqual({ sent, left, acked: last });
    answers[sent - 1]!.resolve();
  }
  await delivery.done;
  expect(delivered).toEqual([
    [1, 1_000],
    [1_001, 2_000],
    [2_001, 3_000],
    [3_001, 3_500],
  ]);
  expect({ delivered: delivery.delivered, acked: acked() }).toEqual({ delivered: true, acked: { w: 3_500 } });
});

test('what the tracker has taken is recorded, also when what follows cannot be read meanwhile', async () => {
  const { delivery, answers, delivered, acked } = deliveryOf(eventQueue(3_500, 1_001));
  while (answers.length < 1) await delay(1);
  await delay(20);
  answers[0]!.resolve();
  await delivery.done;
  await delivery.leave();
  expect(delivered).toEqual([[1, 1_000]]);
  expect({ delivered: delivery.delivered, acked: acked() }).toEqual({ delivered: false, acked: { w: 1_000 } });
});

test('what a tracker does to the events of a batch changes nothing for its next try, for other trackers and for what is kept here', async () => {
  const [inner, other] = [new RecordingTracker(), new RecordingTracker()];
  let tries = 0;
  const careless: ExperimentTracker = {
    capabilities: inner.capabilities,
    async open(...call) {
      const run = await inner.open(...call);
      const deliver: typeof run.deliver = async (events, signal) => {
        if (++tries > 1) return run.deliver(events, signal);
        for (const event of events) if (event.kind === 'metrics') delete event.values['loss'];
        (events as unknown[]).length = 0;
        throw new Error('and then it is down');
      };
      return { ref: run.ref, native: undefined, close: (...end) => run.close(...end), deliver };
    },
  };
  const run = await TrackedRun.open({
    trackers: [
      { name: 'careless', flavor: 'recording', tracker: careless },
      { name: 'other', flavor: 'recording', tracker: other },
    ],
  });
  await run.step('train', { trackers: ['careless', 'other'] }, async (attempt) => {
    attempt.append({ kind: 'metrics', values: { loss: 0.5 }, step: 0 });
    while (tries === 0) await delay(5);
  });
  expect(await run.endRun()).toEqual([]);
  for (const tracker of [inner, other]) expect(tracker.run('train').events).toMatchObject([{ kind: 'metrics', values: { loss: 0.5 } }]);
  const [step] = await run.store.stepRuns(run.id);
  expect(await run.store.metricHistory(step!.id, 'loss')).toMatchObject([{ value: 0.5 }]);
  run.close();
});

test.each([0, -1, 0.5, Number.NaN])(
  'a tracker that says it takes batches of %d gets every event, and nothing waits for ever',
  async (batch) => {
    const tracker = new RecordingTracker({ capabilities: { limits: { batch } } });
    const run = await TrackedRun.open({ trackers: [{ name: 'mine', flavor: 'recording', tracker }] });
    await run.step('train', { trackers: ['mine'] }, (attempt) => {
      for (let step = 0; step < 3; step++) attempt.append({ kind: 'metrics', values: { loss: step }, step });
    });
    expect(await run.endRun()).toEqual([]);
    expect(tracker.run('train').events).toHaveLength(3);
    run.close();
  },
);
