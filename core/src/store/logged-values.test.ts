import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '../id.ts';
import { createdRun, logged, recordsOf, sampleAttempt, temporaryStore, WORKER } from '../testing/sample-store.ts';
import type { MetadataStore } from './metadata-store.ts';

let store: MetadataStore;
let path: string;
let remove: () => void;
let runId: string;
let step: string;

beforeEach(async () => {
  ({ store, path, remove } = await temporaryStore());
  runId = (await createdRun(store)).id;
  step = await startedStep('train');
});
afterEach(() => remove());

async function startedStep(stepId: string): Promise<string> {
  const attempt = sampleAttempt(runId, stepId, { trackers: [{ component: 'mlflow', flavor: 'mlflow' }] });
  await store.startAttempt(attempt);
  return attempt.id;
}

const metric = (values: Record<string, number>, at_step: number, more: { context?: string; at?: number } = {}) => ({
  kind: 'metrics' as const,
  values,
  step: at_step,
  ...more,
});
const tracked = async () => (await store.stepRuns(runId))[0]!.tracked;
const history = async (name: string) => (await store.metricHistory(step, name)).map((point) => [point.step, point.value]);

describe('metrics', () => {
  test('NaN, the infinities and the ends of the number range survive the round trip', async () => {
    const values = [NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, -1e-300, 0.1, 0];
    await logged(
      store,
      step,
      values.map((value, i) => metric({ loss: value }, i)),
    );
    expect(await history('loss')).toEqual(values.map((value, i) => [i, value]));
  });

  test('steps may be negative, decimal, and as large as a number counts exactly', async () => {
    const steps = [-1.25, -0.000001, 0, 0.1, 1.9999999, 2.5, 4503599627.123457, Number.MAX_SAFE_INTEGER];
    await logged(
      store,
      step,
      steps.map((each) => metric({ loss: 1 }, each)),
    );
    const kept = (await store.metricHistory(step, 'loss')).map((point) => point.step);
    expect(kept).toEqual([-1.25, -0.000001, 0, 0.1, 2, 2.5, 4503599627.123457, Number.MAX_SAFE_INTEGER]);
  });

  test('a history is found by the name alone, or in a context, whatever slashes are in them', async () => {
    await logged(store, step, [
      metric({ 'a/b/c': 1 }, 1),
      metric({ 'b/c': 2, 'x/y': 3 }, 1, { context: 'a' }),
      metric({ c: 4, d: 5 }, 1, { context: 'a/b' }),
      metric({ loss: 6 }, 1),
    ]);
    const found = await Promise.all(
      ['a/b/c', 'a/x/y', 'a/b/d', 'loss', 'a/loss', 'c', 'b/c', '/'].map(async (name) => (await history(name))[0]?.[1]),
    );
    expect(found).toEqual([1, 3, 5, 6, undefined, undefined, undefined, undefined]);
  });

  test('a history is by step, then time, whatever the order of logging', async () => {
    await logged(store, step, [metric({ loss: 3 }, 3), metric({ loss: 1 }, 1, { at: 9 }), metric({ loss: 2 }, 1, { at: 8 })]);
    expect(await store.metricHistory(step, 'loss')).toEqual([
      { step: 1, at: 8, value: 2 },
      { step: 1, at: 9, value: 1 },
      { step: 3, at: 1, value: 3 },
    ]);
  });

  test('the summary is kept: last by step and then time, least and greatest, and a count', async () => {
    await logged(store, step, [metric({ loss: 5 }, 2, { at: 10 }), metric({ loss: 7 }, 1, { at: 30 }), metric({ loss: 4 }, 2, { at: 20 })]);
    expect((await tracked()).metrics['loss']).toEqual({ last: 4, lastStep: 2, lastAt: 20, min: 4, max: 7, count: 3 });
    await logged(store, step, [metric({ loss: 9 }, 0, { at: 40 }), metric({ loss: -Infinity }, 2.5, { at: 1 })]);
    expect((await tracked()).metrics['loss']).toEqual({ last: -Infinity, lastStep: 2.5, lastAt: 1, min: -Infinity, max: 9, count: 5 });
  });

  test('NaN can be the last value but never the least or the greatest', async () => {
    await logged(store, step, [metric({ loss: 1, bad: NaN }, 0), metric({ loss: NaN }, 1)]);
    const { loss, bad } = (await tracked()).metrics;
    await logged(store, step, [metric({ late: NaN }, 0), metric({ late: 3 }, 1), metric({ late: NaN }, 2)]);
    expect((await tracked()).metrics['late']).toMatchObject({ last: NaN, min: 3, max: 3, count: 3 });
    expect(loss).toMatchObject({ last: NaN, min: 1, max: 1, count: 2 });
    expect(bad).toMatchObject({ last: NaN, min: NaN, max: NaN, count: 1 });
  });

  test('a first point at a negative step is the last one', async () => {
    await logged(store, step, [metric({ loss: 8 }, -3)]);
    expect((await tracked()).metrics['loss']).toMatchObject({ last: 8, lastStep: -3 });
  });

  test('an exact repeat is not counted', async () => {
    await logged(store, step, [
      metric({ loss: NaN }, 1, { at: 5 }),
      metric({ loss: NaN }, 1, { at: 5 }),
      metric({ loss: 2 }, 1, { at: 5 }),
    ]);
    expect((await tracked()).metrics['loss']!.count).toBe(2);
  });

  test('a metric with a context is another series, called context/name', async () => {
    await logged(store, step, [
      metric({ loss: 1 }, 0),
      metric({ loss: 2 }, 0, { context: 'val' }),
      metric({ loss: 3 }, 1, { context: 'val' }),
    ]);
    expect(await history('loss')).toEqual([[0, 1]]);
    expect(await history('val/loss')).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect(Object.keys((await tracked()).metrics)).toEqual(['loss', 'val/loss']);
  });

  test('a metric never logged has no history', async () => {
    expect(await store.metricHistory(step, 'loss')).toEqual([]);
    expect(await store.metricHistory('nobody', 'loss')).toEqual([]);
  });

  test('names may be anything, __proto__ too', async () => {
    await logged(store, step, [metric(JSON.parse('{"__proto__":1,"a b\\u0000ä":2}') as Record<string, number>, 0)]);
    expect(Object.keys((await tracked()).metrics)).toEqual(['__proto__', 'a b\u0000ä']);
    expect(await history('a b\u0000ä')).toEqual([[0, 2]]);
  });
});

test('params of every kind of JSON read back as they were, the last value of a name', async () => {
  const values = { lr: 0.1, big: 1e21, opt: 'adam', number: '1', layers: [1, { a: null }], on: false, none: null, obj: {} };
  await logged(store, step, [
    { kind: 'params', values: { lr: 5 } },
    { kind: 'params', values },
  ]);
  expect((await tracked()).params).toEqual(values);
});

test('tags are set and removed in order', async () => {
  await logged(store, step, [
    { kind: 'tags', set: { a: '1', b: '2' } },
    { kind: 'tags', set: { a: '3' }, remove: ['b', 'never'] },
  ]);
  expect((await tracked()).tags).toEqual({ a: '3' });
});

test('notes, files and JSON documents are kept; those logged again replace the first', async () => {
  const file = { kind: 'artifact' as const, path: 'plot.png', uri: 'file:/a', sha256: 'aa', size: 1 };
  await logged(store, step, [
    { kind: 'note', markdown: '# old' },
    { kind: 'note', markdown: '# new' },
    file,
    { ...file, uri: 'file:/b', type: 'image/png' },
    { kind: 'json', name: 'matrix', mime: 'application/json', value: [1] },
    { kind: 'json', name: 'matrix', mime: 'application/vnd.x+json', value: { rows: [[1, null]] } },
  ]);
  expect(await tracked()).toMatchObject({
    note: '# new',
    artifacts: [{ path: 'plot.png', uri: 'file:/b', sha256: 'aa', size: 1 }],
    documents: [{ name: 'matrix', mime: 'application/vnd.x+json' }],
  });
  expect(await store.document(step, 'matrix')).toEqual({ mime: 'application/vnd.x+json', value: { rows: [[1, null]] } });
  expect(await store.document(step, 'other')).toBeUndefined();
});

test('what a cache hit shows, and the history behind it, is what its source logged', async () => {
  await logged(store, step, [
    metric({ loss: 1 }, 0),
    { kind: 'json', name: 'm', mime: 'x/y', value: 1 },
    { kind: 'params', values: { a: 1 } },
  ]);
  const later = await createdRun(store);
  const hit = { id: newId(), runId: later.id, stepId: 'train', stepName: 'train', workerId: WORKER.id, inputs: {}, trackers: [] };
  await store.settleSteps([{ ...hit, status: 'cached', at: 1, sourceStepRunId: step }]);
  expect((await store.stepRuns(later.id))[0]!.tracked).toEqual(await tracked());
  expect(await store.metricHistory(hit.id, 'loss')).toEqual(await store.metricHistory(step, 'loss'));
  expect(await store.document(hit.id, 'm')).toEqual({ mime: 'x/y', value: 1 });
});

test('what one step logs is not in another, and what the run itself logs is in neither', async () => {
  const other = await startedStep('eval');
  await logged(store, step, [metric({ loss: 1 }, 0)]);
  await logged(store, other, [metric({ loss: 2 }, 0)]);
  await logged(store, runId, [metric({ total: 3 }, 0)]);
  const summaries = (await store.stepRuns(runId)).map((each) => [
    each.stepId,
    each.tracked.metrics['loss']?.last,
    'total' in each.tracked.metrics,
  ]);
  expect(summaries).toEqual([
    ['train', 1, false],
    ['eval', 2, false],
  ]);
  expect(await store.metricHistory(runId, 'total')).toHaveLength(1);
});

describe('the cursor of a segment', () => {
  let segment: string;
  const records = (from: number, count: number) =>
    recordsOf(
      step,
      Array.from({ length: count }, (_, i) => metric({ loss: from + i }, from + i, { at: from + i })),
    );

  beforeEach(async () => {
    segment = newId();
    await store.openSegment({ id: segment, runId, workerId: WORKER.id, path: 'x.log', openedAt: 0 });
  });

  test('a call made twice changes nothing', async () => {
    await store.applyEvents(segment, records(0, 3), 0, 30);
    const before = await tracked();
    await store.applyEvents(segment, records(5, 3), 0, 30);
    expect(await tracked()).toEqual(before);
  });

  test('a call that begins before it and ends after it adds what is new', async () => {
    await store.applyEvents(segment, records(0, 3), 0, 30);
    await store.applyEvents(segment, records(1, 4), 10, 50);
    expect((await history('loss')).map(([at]) => at)).toEqual([0, 1, 2, 3, 4]);
    expect((await tracked()).metrics['loss']!.count).toBe(5);
    await store.applyEvents(segment, records(9, 1), 40, 50);
    expect((await tracked()).metrics['loss']!.count).toBe(5);
  });

  test('a call that would leave a gap is refused, and so is one for a segment that was never opened', async () => {
    await expect(store.applyEvents(segment, records(0, 1), 10, 20)).rejects.toThrow(/byte 10/);
    await expect(store.applyEvents('never', records(0, 1), 0, 20)).rejects.toThrow(/never/);
    expect(await history('loss')).toEqual([]);
  });

  test('a batch of which one record cannot be applied leaves no trace, and its names are learnt anew', async () => {
    const bad = { ...records(1, 1)[0]!, at: NaN };
    await expect(store.applyEvents(segment, [...records(0, 1), bad], 0, 20)).rejects.toThrow(/NOT NULL/);
    expect(await tracked()).toMatchObject({ metrics: {} });
    await store.applyEvents(segment, records(0, 2), 0, 20);
    expect((await tracked()).metrics['loss']!.count).toBe(2);
  });

  test('a segment opened twice keeps its cursor, and a sealed one says so', async () => {
    await store.applyEvents(segment, records(0, 1), 0, 10);
    await store.openSegment({ id: segment, runId, workerId: WORKER.id, path: 'x.log', openedAt: 0 });
    await store.sealSegment(segment);
    const look = new DatabaseSync(path);
    expect(look.prepare('SELECT applied_offset, sealed, uri FROM event_segments').get()).toEqual({
      applied_offset: 10,
      sealed: 1,
      uri: 'x.log',
    });
    look.close();
  });
});

describe('tracker runs', () => {
  const ofStep = async () => (await store.stepRuns(runId))[0]!.trackerRuns[0]!;

  test('an update changes what it names and nothing else', async () => {
    const { id } = await ofStep();
    await store.updateTrackerRun({ id, ref: { id: '7', url: 'http://m/7', ids: { exp: '1' }, state: { offset: 3 } }, status: 'running' });
    await store.updateTrackerRun({ id, acked: { w: 5, v: 1 }, lastError: 'HTTP 500' });
    await store.updateTrackerRun({ id, acked: { w: 3, u: 2 } });
    expect(await ofStep()).toMatchObject({
      ref: { id: '7', url: 'http://m/7', ids: { exp: '1' }, state: { offset: 3 } },
      status: 'running',
      acked: { w: 5, v: 1, u: 2 },
      lastError: 'HTTP 500',
    });
    await store.updateTrackerRun({ id, lastError: null });
    expect(await ofStep()).not.toHaveProperty('lastError');
  });

  test('metadata that comes with an update is the step run’s own', async () => {
    const { id } = await ofStep();
    await store.updateTrackerRun({ id, metadata: { experiment_tracker_url: { type: 'uri', value: 'http://m/7' } } });
    expect((await store.stepRuns(runId))[0]!.metadata).toEqual({ experiment_tracker_url: { type: 'uri', value: 'http://m/7' } });
  });

  test('refused events are counted once each', async () => {
    const { id } = await ofStep();
    const rejected = [1, 2].map((seq) => ({ writer: 'w', seq, why: 'name too long' }));
    await store.updateTrackerRun({ id, rejected });
    await store.updateTrackerRun({ id, rejected });
    expect((await ofStep()).rejected).toBe(2);
  });

  test('a tracker run is undelivered from the moment its end is due until the tracker confirmed one', async () => {
    const { id } = await ofStep();
    expect(await store.undelivered()).toEqual([]);
    await store.createTrackerRuns(runId, [
      { component: 'mlflow', flavor: 'mlflow' },
      { component: 'wandb', flavor: 'wandb' },
    ]);
    await store.finishRun({
      id: runId,
      workerId: WORKER.id,
      status: 'completed',
      endedAt: 1,
      warnings: [],
      outcome: { status: 'completed' },
    });
    expect(await store.undelivered()).toEqual([
      { component: 'mlflow', trackerRuns: 1 },
      { component: 'wandb', trackerRuns: 1 },
    ]);
    for (const each of (await store.run(runId))!.trackerRuns) await store.updateTrackerRun({ id: each.id, status: 'completed' });
    expect(await store.undelivered()).toEqual([]);
    await expect(store.updateTrackerRun({ id: `${id}x` })).rejects.toThrow(/no tracker run/);
  });
});
