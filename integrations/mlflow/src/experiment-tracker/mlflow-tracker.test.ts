import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Outcome, TrackerRunIdentity } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { startStubServer, type StubRequest, type StubServer } from '@mortise/mlflow-client/testing';

import { readRun } from '../testing/read-run.ts';
import { curve, eventsOf, never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';

// What every tracker promises is in conformance.test.ts, what only a real server can show in runs.real.test.ts.
const COMPLETED: Outcome = { status: 'completed' };
const FAILED: Outcome = { status: 'failed', error: { name: 'TypeError', message: 'no wine left' } };
const start = startIn('wines');
const calls = ({ requests }: StubServer): string[] => requests.map(({ method, path }) => `${method} ${path.replace('/api/2.0/', '')}`);
const isCall =
  (name: string) =>
  ({ path }: StubRequest): boolean =>
    path.endsWith(name);

let server: StubServer;
beforeEach(async () => void (server = await startStubServer()));
afterEach(() => server.stop());

test('a run costs a search and a creation, a batch one request, an end three', async () => {
  const tracker = await trackerAt(server.url);
  await tracker.open(newIdentity(), start, undefined, never);
  server.requests.length = 0;
  const run = await tracker.open(newIdentity(), start, undefined, never);
  await run.deliver(eventsOf([...curve('loss', 900), { kind: 'params', values: { lr: 1 } }, { kind: 'note', markdown: 'good' }]), never);
  await run.close(COMPLETED, Date.now(), never);
  expect(calls(server)).toEqual([
    'POST mlflow/runs/search',
    'POST mlflow/runs/create',
    'POST mlflow/runs/log-batch',
    'GET mlflow/runs/get',
    'POST mlflow/runs/log-batch',
    'POST mlflow/runs/update',
  ]);
});

describe('MLFLOW_EXPERIMENT_NAME', () => {
  const NAMES = ['MLFLOW_TRACKING_URI', 'MLFLOW_EXPERIMENT_NAME'] as const;
  const before = NAMES.map((name) => process.env[name]);
  beforeEach(() => void Object.assign(process.env, { MLFLOW_TRACKING_URI: server.url, MLFLOW_EXPERIMENT_NAME: 'by variable' }));
  afterEach(() =>
    NAMES.forEach((name, index) => {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    }),
  );
  const unnamed = { ...start, experiment: 'wine', tags: { 'mortise.pipeline': 'wine' } };
  const nameFor = async (config: { trackingUri?: string | undefined; experimentName?: string }): Promise<string | undefined> => {
    const tracker = await trackerAt(server.url, { config: config as { trackingUri?: string } });
    const { ref } = await tracker.open(newIdentity(), unnamed, undefined, never);
    const { name } = (await new MlflowClient({ trackingUri: server.url }).getExperiment(ref.ids['mlflow_experiment_id']!))!;
    expect(tracker.childEnv(ref)['MLFLOW_EXPERIMENT_NAME']).toBe(name);
    return name;
  };

  test('names the experiment of runs that name none, where the config names no server and no experiment', async () => {
    expect(await nameFor({ trackingUri: undefined })).toBe('by variable');
    expect(await nameFor({ trackingUri: undefined, experimentName: 'configured' })).toBe('configured');
    expect(await nameFor({})).toBe('wine');
  });
});

describe('what a pipeline was called with', () => {
  const params = { rate: 0.1, grapes: ['merlot', 'syrah'] };
  const told = { rate: '0.1', grapes: '["merlot","syrah"]' };

  test('stands at its run, and costs one request however often that is opened', async () => {
    const tracker = await trackerAt(server.url);
    const id = newIdentity();
    const { ref } = await tracker.open(id, { ...start, params }, undefined, never);
    await tracker.open(id, { ...start, params }, ref, never);
    await (await trackerAt(server.url)).open(id, { ...start, params, resumed: true }, undefined, never);
    expect((await readRun(server.url, ref.id!))!.params).toEqual(told);
    expect(calls(server).filter((call) => call.endsWith('log-batch'))).toHaveLength(1);
  });

  test('is made up for when its process ended before that was said', async () => {
    const id = newIdentity();
    const mend = server.fail('reset', isCall('log-batch'));
    await expect((await trackerAt(server.url)).open(id, { ...start, params }, undefined, never)).rejects.toMatchObject({
      code: 'TRANSIENT',
    });
    mend();
    const { ref } = await (await trackerAt(server.url)).open(id, { ...start, params }, undefined, never);
    expect((await readRun(server.url, ref.id!))!.params).toEqual(told);
    expect(calls(server).filter((call) => call.endsWith('runs/create'))).toHaveLength(1);
  });

  test('and MLflow does not take is told, and the rest is there', async () => {
    const warnings: string[] = [];
    const tracker = await trackerAt(server.url, { warnings });
    const { ref } = await tracker.open(newIdentity(), { ...start, params: { ...params, $x: 1 } }, undefined, never);
    expect((await readRun(server.url, ref.id!))!.params).toEqual(told);
    expect(warnings).toEqual([
      expect.stringMatching(/^MLflow does not show all that the pipeline was called with: the param "\$x" is no name/),
    ]);
  });
});

test('a run whose creation was not answered is looked for before it is created again', async () => {
  const tracker = await trackerAt(server.url);
  const id = newIdentity();
  const mend = server.fail('lost', isCall('runs/create'));
  await expect(tracker.open(id, start, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  mend();
  await tracker.open(id, start, undefined, never);
  expect(calls(server).filter((call) => call.endsWith('runs/create'))).toHaveLength(1);
});

test('after such a creation the end looks for a second run, and otherwise spares itself that', async () => {
  const tracker = await trackerAt(server.url);
  const id = newIdentity();
  const mend = server.fail('reset', isCall('runs/create'));
  await expect(tracker.open(id, start, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  mend();
  const run = await tracker.open(id, start, undefined, never);
  server.requests.length = 0;
  await run.close(COMPLETED, Date.now(), never);
  expect(calls(server).at(-1)).toBe('POST mlflow/runs/search');
});

test('an end that came half way is completed by the next one, whatever that says', async () => {
  const tracker = await trackerAt(server.url);
  const run = await tracker.open(newIdentity(), start, undefined, never);
  const mend = server.fail('locked', isCall('runs/update'));
  await expect(run.close(FAILED, 5_000, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  mend();
  await run.close(COMPLETED, 9_000, never);
  expect(await readRun(server.url, run.ref.id!)).toMatchObject({ status: 'failed', endedAt: 5_000, error: 'TypeError: no wine left' });
});

test('what is refused of an event is told, and the rest of the batch is there', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
  await run.deliver(eventsOf([{ kind: 'params', values: { lr: 1 } }]), never);
  const events = eventsOf(
    [...curve('loss', 3), { kind: 'params', values: { lr: 2, depth: 3 } }, { kind: 'metrics', values: { 'a@b': 1 }, step: 0 }],
    2,
  );
  const { through, rejected } = await run.deliver(events, never);
  expect(through).toEqual({ w: 6 });
  expect(rejected?.map(({ seq }) => seq)).toEqual([5, 6]);
  const { params, metrics } = (await readRun(server.url, run.ref.id!))!;
  expect({ params, points: metrics.length }).toEqual({ params: { lr: '1', depth: '3' }, points: 3 });
});

test('a batch that breaks off at a file confirms what came before it', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
  const json = (name: string) => ({ kind: 'json' as const, name, mime: 'application/json', value: 1 });
  const events = eventsOf([...curve('loss', 2), json('a'), json('b'), ...curve('more', 1)]);
  const mend = server.fail('locked', isCall('b.json'));
  expect((await run.deliver(events, never)).through).toEqual({ w: 3 });
  await expect(run.deliver(events.slice(3), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  mend();
  expect((await run.deliver(events.slice(3), never)).through).toEqual({ w: 5 });
  expect((await readRun(server.url, run.ref.id!))!.documents).toEqual(['a', 'b']);
});

test('a program that a step starts is told the run, and nothing of another one', async () => {
  const tracker = await trackerAt(server.url, { config: { trackingToken: 't' } });
  const { ref, native } = await tracker.open(newIdentity(), start, undefined, never);
  expect(tracker.childEnv(ref)).toMatchObject({
    MLFLOW_TRACKING_URI: server.url,
    MLFLOW_TRACKING_TOKEN: 't',
    MLFLOW_TRACKING_PASSWORD: '',
    MLFLOW_RUN_ID: native.runId,
    MLFLOW_EXPERIMENT_ID: native.experimentId,
  });
});

describe('a model that is to be registered', () => {
  const closed = async (outcome: Outcome, id: TrackerRunIdentity = newIdentity()) => {
    const warnings: string[] = [];
    const settings = { registerModel: 'champion' };
    const run = await (await trackerAt(server.url, { warnings })).open(id, { ...start, settings }, undefined, never);
    await run.close(outcome, 5_000, never);
    return { warnings, tags: (await readRun(server.url, run.ref.id!))!.tags };
  };

  test('and was not logged is told', async () => {
    const { warnings, tags } = await closed(COMPLETED);
    expect(warnings).toEqual(['no model of "train" was registered at MLflow as "champion": it logged no model']);
    expect(tags).toMatchObject({ 'mortise.registered_model': 'not registered: it logged no model' });
  });

  test('is not, for a step that came from the cache, and that is told', async () => {
    const { warnings, tags } = await closed({ status: 'cached', source: { runId: 'r-7' } });
    expect(warnings).toEqual(['no model of "train" was registered at MLflow as "champion": its result came from the cache']);
    expect(tags).toMatchObject({ 'mortise.cached': 'true', 'mortise.cached_from': 'r-7' });
  });

  test('is none of a failed step, nor of the pipeline run, for which its steps set it too', async () => {
    const { stepId: _, ...ofRun } = newIdentity();
    expect((await closed(FAILED)).warnings).toEqual([]);
    expect((await closed(COMPLETED, ofRun)).warnings).toEqual([]);
  });
});

describe('a run that was deleted', () => {
  test('is told with the way to bring it back', async () => {
    const { ref, native } = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    await native.client.deleteRun(native.runId);
    await expect((await trackerAt(server.url)).open(newIdentity(), start, ref, never)).rejects.toMatchObject({
      code: 'PERMANENT',
      message: expect.stringMatching(/was deleted at http:\S+: restore it \(mlflow runs restore --run-id /),
    });
  });

  test('with its experiment comes back with that', async () => {
    const { ref, native } = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    // MLflow deletes the runs of an experiment with it.
    await native.client.deleteRun(native.runId);
    await native.client.deleteExperiment(native.experimentId);
    await expect((await trackerAt(server.url)).open(newIdentity(), start, ref, never)).rejects.toMatchObject({
      code: 'PERMANENT',
      message: expect.stringContaining(`restore its experiment (mlflow experiments restore --experiment-id ${native.experimentId})`),
    });
  });
});

test('the experiment is that of the setting, else that of the config for runs that name none', async () => {
  const tracker = await trackerAt(server.url, { config: { experimentName: 'configured' } });
  const nameOf = async (over: object) => {
    const { client, experimentId } = (await tracker.open(newIdentity(), { ...start, ...over }, undefined, never)).native;
    return (await client.getExperiment(experimentId))!.name;
  };
  expect(await nameOf({})).toBe('wines');
  expect(await nameOf({ experiment: 'wine', tags: { 'mortise.pipeline': 'wine' } })).toBe('configured');
  expect(await nameOf({ settings: { experimentName: 'set' } })).toBe('set');
});
