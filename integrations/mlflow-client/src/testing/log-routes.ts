import { posix } from 'node:path';

import { paged } from './page-token.ts';
import { missingValue, PAIR, type ProtoMessage, type Schema } from './proto-message.ts';
import { plainPoint } from './run-description.ts';
import { databaseError, invalid } from './stub-refusal.ts';
import { messageOf, type Routes } from './stub-request.ts';
import { filledList, type StubPoint, type StubRun, type StubStore } from './stub-store.ts';

const METRIC = {
  key: 'text',
  value: 'double',
  timestamp: 'integer',
  step: 'integer',
  model_id: 'text',
  dataset_name: 'text',
  dataset_digest: 'text',
} as const;
const RUN_ID: Schema = { run_id: ['required', 'string'] };
const MOST = { metrics: 1_000, params: 100, tags: 100 };
const MOST_IN_ALL = 1_000;

export const logRoutes: Routes = {
  'POST mlflow/runs/log-metric': (call) => {
    const asked = messageOf(
      call,
      { run_id: 'text', ...METRIC },
      {
        ...RUN_ID,
        key: ['required', 'string'],
        value: ['required', 'double'],
        timestamp: ['integer', 'required'],
        step: ['integer'],
      },
    );
    store(call.store, asked.text('run_id'), { points: [pointOf(asked, '')], params: [], tags: [] });
    return {};
  },

  'POST mlflow/runs/log-parameter': (call) => {
    const asked = messageOf(call, { run_id: 'text', ...PAIR }, { ...RUN_ID, key: ['required', 'string'], value: ['string'] });
    store(call.store, asked.text('run_id'), { points: [], params: [[asked.text('key'), asked.text('value')]], tags: [] });
    return {};
  },

  'POST mlflow/runs/set-tag': (call) => {
    const asked = messageOf(call, { run_id: 'text', ...PAIR }, { ...RUN_ID, key: ['required', 'string'], value: ['string'] });
    store(call.store, asked.text('run_id'), { points: [], params: [], tags: [[asked.text('key'), asked.text('value')]] });
    return {};
  },

  'POST mlflow/runs/log-batch': (call) => {
    const shape = { run_id: 'text', metrics: { list: METRIC }, params: { list: PAIR }, tags: { list: PAIR } } as const;
    const asked = messageOf(call, shape, {
      ...RUN_ID,
      metrics: ['array', present('metrics', 'key', 'value', 'timestamp')],
      params: ['array', present('params', 'key')],
      tags: ['array', present('tags', 'key')],
    });
    refuseTooMany(asked);
    const points = asked.list('metrics').map((metric, at) => pointOf(metric, `metrics[${at}].`));
    store(call.store, asked.text('run_id'), { points, params: asked.pairs('params'), tags: asked.pairs('tags') });
    return {};
  },

  'GET mlflow/metrics/get-history': (call) => {
    const shape = { run_id: 'text', metric_key: 'text', max_results: 'integer', page_token: 'text' } as const;
    const asked = messageOf(call, shape, { ...RUN_ID, metric_key: ['required', 'string'] });
    const points = [...(call.store.runs.get(asked.text('run_id'))?.points.get(asked.text('metric_key'))?.values() ?? [])];
    points.sort((a, b) => a.timestamp - b.timestamp || a.step - b.step || stored(a.value) - stored(b.value));
    const most = asked.has('max_results') ? asked.number('max_results') : Math.max(1, points.length);
    if (most <= 0) throw invalid(`Invalid value ${most} for parameter 'max_results' supplied. It must be a positive integer.`);
    const { page, ...next } = paged(points, most, asked.text('page_token'));
    return { metrics: filledList(page.map(plainPoint)), ...next };
  },

  'POST mlflow/runs/log-inputs': (call) => {
    const dataset = { name: 'text', digest: 'text', source_type: 'text', source: 'text', schema: 'text', profile: 'text' } as const;
    const datasets = { list: { dataset: { message: dataset }, tags: { list: PAIR } } } as const;
    const asked = messageOf(call, { run_id: 'text', datasets }, RUN_ID);
    const run = call.store.activeRun(asked.text('run_id'));
    const inputs = asked.list('datasets').map((input) => ({
      dataset: Object.fromEntries(Object.keys(dataset).flatMap((name) => textOf(input.message('dataset'), name))),
      tags: new Map(input.pairs('tags')),
    }));
    for (const { dataset } of inputs)
      if ((dataset['digest'] ?? '').length > 36) throw invalid("'digest' exceeds the maximum length of 36 characters");
    const isNew = (one: Record<string, string>): boolean =>
      !run.datasets.some(({ dataset }) => dataset['name'] === one['name'] && dataset['digest'] === one['digest']);
    // One that the run has keeps the tags that it has.
    for (const input of inputs) if (isNew(input.dataset)) run.datasets.push(input);
    return {};
  },

  'POST mlflow/runs/outputs': (call) => {
    const asked = messageOf(call, { run_id: 'text', models: { list: { model_id: 'text', step: 'integer' } } }, RUN_ID);
    const run = call.store.activeRun(asked.text('run_id'));
    const models = asked.list('models').map((model) => [model.text('model_id'), model.number('step')] as const);
    if (models.some(([modelId]) => run.outputs.has(modelId))) {
      throw databaseError(
        'BAD_REQUEST',
        '(sqlite3.IntegrityError) UNIQUE constraint failed: inputs.source_type',
        'INSERT INTO inputs VALUES (?)',
      );
    }
    for (const [modelId, step] of models) run.outputs.set(modelId, step);
    return {};
  },
};

interface Logged {
  points: StubPoint[];
  params: [string, string][];
  tags: [string, string][];
}

/** All of it, or nothing. */
function store(place: StubStore, runId: string, { points, params, tags }: Logged): void {
  for (const { key } of points) refuseUnlessName('name', key);
  for (const [key] of [...params, ...tags]) refuseUnlessName('key', key);
  for (const [key] of params) if (key.length > 250) throw invalid("'Param key' exceeds the maximum length of 250 characters");
  for (const { key } of points) if (key.length > 250) throw invalid("'Metric name' exceeds the maximum length of 250 characters");
  const duplicate = params.find(([key], at) => params.findIndex(([other]) => other === key) !== at);
  if (duplicate) throw invalid(`Duplicate parameter keys have been submitted: ['${duplicate[0]}'].`);
  const run = place.activeRun(runId);
  const cut = params.map(([key, value]) => [key, beginning(value, 6_000)] as const);
  for (const [key, value] of cut) refuseChange(run, key, value);
  for (const [key, value] of cut) run.params.set(key, value);
  for (const [key, value] of tags) setTag(run, key, beginning(value, 8_000));
  for (const point of points) addPoint(place, run, point);
}

/** What stands too long is cut, with 200. Python counts code points. */
function beginning(value: string, characters: number): string {
  return [...value].slice(0, characters).join('');
}

function setTag(run: StubRun, key: string, value: string): void {
  run.tags.set(key, value);
  if (key === 'mlflow.runName') run.name = value;
}

function refuseChange(run: StubRun, key: string, value: string): void {
  const old = run.params.get(key);
  if (old === undefined || old === value) return;
  throw invalid(
    `Changing param values is not allowed. Params were already logged='[{'key': '${key}', 'old_value': '${old}', 'new_value': '${value}'}]' for run ID='${run.id}'.`,
  );
}

function addPoint(place: StubStore, run: StubRun, given: StubPoint): void {
  const value = Math.abs(given.value) === Infinity ? Math.sign(given.value) * Number.MAX_VALUE : given.value;
  const point = { ...given, value };
  const identity = `${point.timestamp} ${point.step} ${point.value}`;
  const points = run.points.get(point.key) ?? new Map<string, StubPoint>();
  if (!points.has(identity)) points.set(identity, point);
  run.points.set(point.key, points);
  const latest = run.latest.get(point.key);
  if (latest === undefined || isLater(point, latest)) run.latest.set(point.key, point);
  place.loggedModels.get(point.modelId)?.points.push(point);
}

/** By step, time and value; NaN stands as 0. */
function isLater(a: StubPoint, b: StubPoint): boolean {
  return (a.step - b.step || a.timestamp - b.timestamp || stored(a.value) - stored(b.value)) > 0;
}

function stored(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function pointOf(metric: ProtoMessage, path: string): StubPoint {
  const [timestamp, key] = [metric.number('timestamp'), metric.text('key')];
  if (timestamp < 0) throw invalid(`Invalid value ${timestamp} for parameter '${path}timestamp' supplied: metric '${key}'`);
  return {
    key,
    value: metric.number('value'),
    timestamp,
    step: metric.number('step'),
    modelId: metric.text('model_id'),
    datasetName: metric.text('dataset_name'),
    datasetDigest: metric.text('dataset_digest'),
  };
}

function textOf(message: ProtoMessage, name: string): [string, string][] {
  return message.has(name) ? [[name, message.text(name)]] : [];
}

function refuseTooMany(asked: ProtoMessage): void {
  const counts = { metrics: asked.list('metrics').length, params: asked.list('params').length, tags: asked.list('tags').length };
  const refuse = (most: number, what: string, count: number): never => {
    throw invalid(`A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}.`);
  };
  for (const kind of ['metrics', 'params', 'tags'] as const) if (counts[kind] > MOST[kind]) refuse(MOST[kind], kind, counts[kind]);
  const all = counts.metrics + counts.params + counts.tags;
  if (all > MOST_IN_ALL) refuse(MOST_IN_ALL, 'metrics, params, and tags', all);
}

/** Looks at what was sent, not at what protobuf made of it. */
function present(list: string, ...names: string[]): (value: unknown) => void {
  return (value) => {
    (value as Record<string, unknown>[]).forEach((item, at) => {
      for (const name of names)
        if (item[name] === undefined || item[name] === null || item[name] === '') throw missingValue(`${list}[${at}].${name}`);
    });
  };
}

function refuseUnlessName(parameter: string, key: string): void {
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key)) {
    throw invalid(`Invalid value ${JSON.stringify(key)} for parameter '${parameter}' supplied: Names may only contain alphanumerics.`);
  }
  const normal = posix.normalize(key).replace(/\/$/, '');
  if (normal !== key || normal === '.' || /^(\.\.|\/)/.test(normal)) {
    throw invalid(
      `Invalid value ${JSON.stringify(key)} for parameter '${parameter}' supplied: Names may be treated as files in certain cases.`,
    );
  }
}
