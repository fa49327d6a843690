import { describe, expect, it } from '@jest/globals';
import { toTagged } from '../artifacts/tagged-json.ts';
import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import type { RunRecord } from '../store/run-data.ts';
import type { StepRunRecord } from '../store/step-data.ts';
import type { TrackerRunRecord } from '../store/tracking-data.ts';
import { pipelineRunView } from './pipeline-run-view.ts';

const step = (id: string): StepSpec => ({
  id,
  name: id,
  module: 'x.ts',
  inputs: {},
  outputs: [],
  splitOutputs: false,
  after: [],
  when: [],
  options: {},
});

const run: RunRecord = {
  id: 'r',
  name: 'first',
  pipeline: 'wine',
  experiment: 'wine',
  status: 'completed',
  startedAt: 0,
  endedAt: 1500,
  warnings: [],
  params: {},
  tags: {},
  stack: { name: 'default', components: [] },
  spec: {
    specVersion: 1,
    pipeline: 'wine',
    style: 'function',
    module: 'x.ts',
    params: {},
    steps: [step('load'), step('each'), step('late')],
  },
  environment: { host: 'h', node: '24.0.0', packages: {}, command: ['node', 'x.ts'] },
  metadata: {},
  trackerRuns: [],
};

const stepRun = (stepId: string, more: Partial<StepRunRecord> = {}): StepRunRecord => ({
  id: `${stepId}-${more.mapIndex ?? ''}-${more.attempt ?? 1}`,
  runId: 'r',
  stepId,
  stepName: stepId,
  attempt: 1,
  status: 'completed',
  startedAt: 0,
  endedAt: 10,
  inputs: {},
  outputs: [],
  metadata: {},
  trackerRuns: [],
  tracked: { params: {}, metrics: {}, tags: {}, artifacts: [], documents: [] },
  ...more,
});

const trackerRun = (key: string, more: Partial<TrackerRunRecord> = {}): TrackerRunRecord => ({
  ...{ id: key, runId: 'r', component: 'team', flavor: 'mlflow', key, status: 'running', acked: {}, rejected: 0 },
  ...more,
});

const view = (stepRuns: StepRunRecord[], more: Partial<RunRecord> = {}) =>
  pipelineRunView({ ...run, ...more }, stepRuns, ({ key }) => `file:///store/${key}`);

describe('the view of a run', () => {
  it('is JSON, with ISO times, and null where there is no value', () => {
    const seen = view([stepRun('load')]);
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
    expect(seen).toMatchObject({
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:01.500Z',
      git: null,
      user: null,
      error: null,
    });
  });

  it('has its steps in the order of the plan, items of a mapped step under their index', () => {
    const items = [10, 2, 0].map((mapIndex) => stepRun('each', { mapIndex }));
    expect(Object.keys(view([stepRun('late'), ...items, stepRun('load')]).steps)).toEqual([
      'load',
      'each[0]',
      'each[2]',
      'each[10]',
      'late',
    ]);
  });

  it('shows steps of a run under way that have not begun as queued, in their place; of a run that has ended they are absent', () => {
    const underWay = view([stepRun('each', { mapIndex: 0, status: 'running' })], { status: 'running' }).steps;
    expect(Object.entries(underWay).map(([key, { status }]) => [key, status])).toEqual([['load', 'queued'], ['each[0]', 'running'], ['late', 'queued']]); // prettier-ignore
    expect(underWay['load']).toMatchObject({ attempt: 0, startedAt: null, endedAt: null, attempts: [], outputs: {} });
    expect(Object.keys(view([stepRun('load')], { status: 'failed' }).steps)).toEqual(['load']);
  });

  it('shows a retried step as its last attempt, all attempts beside it', () => {
    const error = { name: 'Error', message: 'no' };
    const second = trackerRun('k2', { ref: { id: 'vendor-2', ids: {} } });
    const first = trackerRun('k1', { status: 'failed', desired: { status: 'failed', error }, supersededBy: 'k2' });
    const attempts = [stepRun('load', { attempt: 2, startedAt: 20, endedAt: 30, trackerRuns: [second] }), stepRun('load', { status: 'failed', error, trackerRuns: [first] })]; // prettier-ignore
    const { load } = view(attempts).steps;
    expect(load).toMatchObject({
      status: 'completed',
      attempt: 2,
      error: null,
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: '1970-01-01T00:00:00.030Z',
    });
    expect(load!.attempts.map(({ attempt, status, error: thrown }) => [attempt, status, thrown])).toEqual([[1, 'failed', error], [2, 'completed', null]]); // prettier-ignore
    expect(load!.attempts[0]!.trackerRuns[0]!.supersededBy).toBe('vendor-2');
  });

  it('calls a tracker run delivered only when its tracker confirmed the end that it must reach', () => {
    const failed = { status: 'failed', error: { name: 'Error', message: 'x' } } as const;
    const trackerRuns = [
      trackerRun('a'),
      trackerRun('b', { desired: failed }),
      trackerRun('c', { desired: failed, status: 'completed' }),
      trackerRun('d', { desired: failed, status: 'failed' }),
    ];
    expect(view([], { trackerRuns }).trackerRuns.map(({ delivered }) => delivered)).toEqual([false, false, false, true]);
  });

  it('makes the steps once, when they are looked at, and shows them also in a copy and as JSON', () => {
    const shown = view([stepRun('load')]);
    expect(shown.steps).toBe(shown.steps);
    expect({ ...shown }.steps).toBe(shown.steps);
    expect((JSON.parse(JSON.stringify(shown)) as typeof shown).steps['load']!.status).toBe('completed');
  });

  it('tells plain inputs from versions, lists of them, and items', () => {
    const version = { versionId: 'v', artifact: 'wine/load/output', version: 3 };
    const inputs = { lr: { value: 0.1 }, data: version, item: { ...version, item: 2 }, both: { list: [version, { value: 1 }] } };
    const { params, inputs: seen } = view([stepRun('load', { inputs })]).steps['load']!;
    expect(params).toEqual({ lr: 0.1 });
    const artifact = 'wine/load/output';
    expect(seen).toEqual({ lr: { value: 0.1 }, data: { artifact, version: 3 }, item: { artifact, version: 3, item: 2 }, both: [{ artifact, version: 3 }, { value: 1 }] }); // prettier-ignore
  });

  it('shows plain inputs as plain JSON, whatever they are', () => {
    const inputs = {
      lr: { value: toTagged(NaN) },
      at: { value: toTagged(new Date(0)) },
      none: { value: toTagged(undefined) },
      deep: { value: toTagged({ m: new Map([['a', 1n]]) }) },
      both: { list: [{ value: toTagged(Infinity) }] },
    };
    const { params, inputs: seen } = view([stepRun('load', { inputs })]).steps['load']!;
    expect(params).toEqual({ lr: 'NaN', at: '1970-01-01T00:00:00.000Z', none: null, deep: { m: [['a', '1']] } });
    expect(seen).toMatchObject({ lr: { value: 'NaN' }, none: { value: null }, both: [{ value: 'Infinity' }] });
  });

  it('shows what was logged beside metrics: a note, files and documents', () => {
    const artifacts = [{ path: 'plot.png', uri: 'file:///plot.png', sha256: 'a', size: 3 }];
    const documents = [{ name: 'report', mime: 'application/json' }];
    const tracked = { params: { lr: 1 }, metrics: {}, tags: { a: 'b' }, note: 'fine', artifacts, documents };
    expect(view([stepRun('load', { tracked })]).steps['load']!.tracker).toEqual(tracked);
    expect(view([stepRun('load')]).steps['load']!.tracker.note).toBeNull();
  });

  it('says where it ran', () => {
    const environment = { host: 'h', user: 'ann', node: '24.0.0', packages: { zod: '4.0.0' }, command: ['node', 'x.ts'] };
    expect(view([], { environment })).toMatchObject(environment);
  });

  it('keeps NaN and infinities of metrics as strings', () => {
    const metrics = { loss: { last: NaN, lastStep: 4, lastAt: 0, min: -Infinity, max: Infinity, count: 5 } };
    const tracked = { params: {}, metrics, tags: {}, artifacts: [], documents: [] };
    expect(view([stepRun('load', { tracked })]).steps['load']!.tracker.metrics).toEqual({
      loss: { last: 'NaN', lastStep: 4, min: '-Infinity', max: 'Infinity', count: 5 },
    });
  });

  it('says why a step was skipped, or is not cached', () => {
    const { steps } = view([
      stepRun('load', { notCached: 'imports by expression' }),
      stepRun('late', { status: 'skipped', attempt: 0, reason: 'load failed' }),
    ]);
    expect([steps['load']!.reason, steps['late']!.reason, steps['late']!.attempt]).toEqual(['imports by expression', 'load failed', 0]);
  });
});
