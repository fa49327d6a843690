import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ImportedEvent, ImportedRun } from '@mortise/core';
import { MlflowClient, proxiedArtifactPath, type NewRun, type Run, type RunStatus } from '@mortise/mlflow-client';
import { startStubServer, type StubServer, type StubServerOptions } from '@mortise/mlflow-client/testing';

import { gatherEvents } from '../experiment-tracker/gather-events.ts';
import { eventsOfRun } from './events-of-run.ts';
import importer from './index.ts';
import { runsOf } from './runs-of.ts';

let server: StubServer;
let client: MlflowClient;
let wine: string;
const warnings: string[] = [];
const never = new AbortController().signal;

async function serve(options: StubServerOptions = {}): Promise<void> {
  server = await startStubServer(options);
  client = new MlflowClient({ trackingUri: server.url, ...options.auth });
  wine = await client.createExperiment('wine');
}
beforeEach(async () => {
  warnings.length = 0;
  await serve();
});
afterEach(() => server.stop());

const STARTED = 1_700_000_000_000;
async function keep(run: Partial<NewRun> = {}, end?: { status: RunStatus; endTime: number }): Promise<Run> {
  const made = await client.createRun({ experimentId: wine, startTime: STARTED, runName: 'bold-cat', ...run });
  if (end !== undefined) await client.updateRun(made.runId, end);
  return made;
}
const ENDED = { status: 'FINISHED', endTime: STARTED + 60_000 } as const;

async function imported(env: Record<string, string> = {}): Promise<ImportedRun[]> {
  const { runs } = await importer(server.url, { env, warn: (message) => void warnings.push(message) });
  return all(runs(never));
}
const eventsOf = (run: ImportedRun): Promise<ImportedEvent[]> => all(run.events(never));
async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of given) items.push(item);
  return items;
}

describe('a run at an MLflow server', () => {
  test('is told with its experiment, times, user, address, parent and outcome', async () => {
    const parent = await keep({ runName: 'sweep' }, ENDED);
    const child = await keep({ userId: 'ada', startTime: STARTED + 1, tags: { 'mlflow.parentRunId': parent.runId } }, ENDED);
    const [, told] = await imported();
    expect(told).toMatchObject({
      id: child.runId,
      name: 'bold-cat',
      experiment: 'wine',
      startedAt: STARTED + 1,
      endedAt: STARTED + 60_000,
    });
    expect(told).toMatchObject({ outcome: { status: 'completed' }, user: 'ada', group: parent.runId });
    expect(told!.url).toBe(`${server.url}/#/experiments/${wine}/runs/${child.runId}`);
  });

  test.each([
    ['FINISHED', {}, { status: 'completed' }],
    ['FAILED', {}, { status: 'failed', error: { name: 'Error', message: 'MLflow keeps no reason' } }],
    [
      'FAILED',
      { 'mortise.error.name': 'TypeError', 'mortise.error.message': 'no wine', 'mortise.error.stack': 'at cellar' },
      { status: 'failed', error: { name: 'TypeError', message: 'no wine', stack: 'at cellar' } },
    ],
    ['KILLED', { 'mortise.error.message': 'SIGTERM' }, { status: 'killed', reason: 'SIGTERM' }],
    ['RUNNING', {}, undefined],
    ['SCHEDULED', {}, undefined],
  ] as const)('that is %s with the tags %j ended as %j', async (status, tags, outcome) => {
    await keep({ tags }, { status, endTime: STARTED + 5 });
    const [told] = await imported();
    expect(told!.outcome).toEqual(outcome);
    expect(told!.endedAt).toBe(outcome === undefined ? undefined : STARTED + 5);
  });

  test('gives its params, tags, note, datasets and the whole curve of each metric', async () => {
    const { runId } = await keep({ tags: { team: 'red', 'mlflow.source.name': 'train.py', 'mlflow.note.content': '# Wine' } }, ENDED);
    const metrics = [0.5, Number.NaN, Infinity].map((value, step) => ({ key: 'loss', value, step, timestamp: STARTED + step }));
    await client.logBatch(runId, {
      params: [{ key: 'lr', value: '0.1' }],
      metrics: [...metrics, { key: 'acc', value: 1, timestamp: STARTED }],
    });
    const source = JSON.stringify({ uri: 's3://wines/red.csv' });
    await client.logInputs(runId, [{ name: 'reds', digest: 'abc', sourceType: 's3', source, context: 'training' }]);
    const events = await eventsOf((await imported())[0]!);
    expect(events).toContainEqual({ at: STARTED, kind: 'params', values: { lr: '0.1' } });
    expect(events).toContainEqual({ at: STARTED, kind: 'note', markdown: '# Wine' });
    expect(events).toContainEqual({
      at: STARTED,
      kind: 'dataset',
      name: 'reds',
      digest: 'abc',
      source: 's3://wines/red.csv',
      context: 'training',
    });
    expect(events.find(({ kind }) => kind === 'tags')).toMatchObject({ set: { team: 'red', 'mlflow.source.name': 'train.py' } });
    expect(Object.keys(events.find((event) => event.kind === 'tags')!.set)).not.toContain('mlflow.runName');
    const points = events.filter((event) => event.kind === 'metrics');
    expect(points).toHaveLength(4);
    expect(points.filter(({ values }) => 'loss' in values).map(({ at, values, step }) => [at - STARTED, step, values['loss']])).toEqual([
      [0, 0, 0.5],
      [1, 1, Number.NaN],
      [2, 2, Infinity],
    ]);
  });

  const pointsOf = async (): Promise<unknown[]> => {
    const events = await eventsOf((await imported())[0]!);
    return events.flatMap((event) => (event.kind === 'metrics' ? Object.entries(event.values) : []));
  };

  test('that we have sent gives the largest double as the number that it is, and an infinity as one', async () => {
    const { runId } = await keep();
    const known = { params: new Map(), datasets: new Map(), infinite: new Set<string>(), largest: new Set<string>() };
    const values = { most: Number.MAX_VALUE, least: -Number.MAX_VALUE, inf: Infinity, ninf: -Infinity };
    const sent = gatherEvents([{ writer: 'w', seq: 1, at: STARTED, kind: 'metrics', values, step: 0 }], { known, noUploads: undefined });
    await client.logBatch(runId, { metrics: sent.metrics, tags: Array.from(sent.tags, ([key, value]) => ({ key, value: value! })) });
    expect(Object.fromEntries((await pointsOf()) as [string, number][])).toEqual(values);
    expect(warnings).toEqual([]);
  });

  test('that a program has sent gives the largest double as infinite, as MLflow keeps infinities, and says so', async () => {
    const { runId } = await keep({ tags: { 'mortise.infinite': '["both"]', 'mortise.largest': '["both"]' } });
    const metrics = ['a', 'both'].flatMap((key) => [1, -Number.MAX_VALUE].map((value) => ({ key, value, timestamp: STARTED })));
    await client.logBatch(runId, { metrics });
    expect((await pointsOf()).filter((point) => !(point as unknown[]).includes(1))).toEqual([
      ['a', -Infinity],
      ['both', -Infinity],
    ]);
    expect([...new Set(warnings)]).toEqual(['values of ±1.7976931348623157e+308 are imported as infinities, which MLflow keeps as these']);
  });

  test('gives its files, those in folders too, each read when it is asked for', async () => {
    const { artifactUri } = await keep({}, ENDED);
    const root = proxiedArtifactPath(artifactUri)!;
    for (const path of ['notes.txt', 'model/weights.bin', 'model/deep/ü.txt'])
      await client.artifacts.put(`${root}/${path}`, Buffer.from(`text of ${path}`));
    const files = (await eventsOf((await imported())[0]!)).filter((event) => event.kind === 'artifact');
    expect(files.map(({ path, at }) => [path, at]).sort()).toEqual(
      ['model/deep/ü.txt', 'model/weights.bin', 'notes.txt'].map((path) => [path, STARTED + 60_000]),
    );
    for (const { path, read } of files) expect(await text(read(never))).toBe(`text of ${path}`);
  });

  test('gives the files of its logged models at the name of each', async () => {
    const { runId } = await keep({}, ENDED);
    const { modelId, artifactUri } = await client.createLoggedModel({ experimentId: wine, name: 'net', sourceRunId: runId });
    await client.artifacts.put(`${proxiedArtifactPath(artifactUri)!}/data/weights.bin`, Buffer.from('weights'));
    await client.logOutputs(runId, [{ modelId }]);
    const [file] = (await eventsOf((await imported())[0]!)).filter((event) => event.kind === 'artifact');
    expect(file).toMatchObject({ path: 'net/data/weights.bin', type: 'model' });
    expect(await text(file!.read(never))).toBe('weights');
  });

  test('loses no file to another of the same path: a model whose name is taken has its id behind it', async () => {
    const { runId, artifactUri } = await keep({}, ENDED);
    await client.artifacts.put(`${proxiedArtifactPath(artifactUri)!}/red`, Buffer.from('of the run'));
    const ids: string[] = [];
    // As a program logs them that keeps one each epoch.
    for (const [epoch, name] of ['red', 'net', 'net'].entries()) {
      const model = await client.createLoggedModel({ experimentId: wine, name, sourceRunId: runId });
      ids.push(model.modelId);
      for (const file of ['MLmodel', 'weights.bin'])
        await client.artifacts.put(`${proxiedArtifactPath(model.artifactUri)!}/${file}`, Buffer.from(`${file} of ${epoch}`));
      await client.logOutputs(runId, [{ modelId: model.modelId, step: epoch }]);
    }
    const files = (await eventsOf((await imported())[0]!)).filter((event) => event.kind === 'artifact');
    const texts = await Promise.all(files.map(async ({ path, read }) => [path, await text(read(never))] as const));
    expect(Object.fromEntries(texts)).toEqual({
      'net/MLmodel': 'MLmodel of 1',
      'net/weights.bin': 'weights.bin of 1',
      red: 'of the run',
      [`red-${ids[0]}/MLmodel`]: 'MLmodel of 0',
      [`red-${ids[0]}/weights.bin`]: 'weights.bin of 0',
      [`net-${ids[2]}/MLmodel`]: 'MLmodel of 2',
      [`net-${ids[2]}/weights.bin`]: 'weights.bin of 2',
    });
  });

  test('has files whatever their names, but for those that no address of the server reaches, which are told', async () => {
    const { artifactUri } = await keep({}, ENDED);
    const root = proxiedArtifactPath(artifactUri)!;
    const names = ['a?b.txt', '100%.txt', 'deep/c d&e.txt', 'a#b.txt', 'a%20b.txt', 'end?', 'deep#/f.txt'];
    // Not through the server: it takes none that it does not give.
    for (const name of names) server.store.artifacts.put(`${root}/${name}`, Buffer.from(`text of ${name}`));
    const files = (await eventsOf((await imported())[0]!)).filter((event) => event.kind === 'artifact');
    const texts = await Promise.all(files.map(async ({ path, read }) => [path, await text(read(never))] as const));
    expect(Object.fromEntries(texts)).toEqual(Object.fromEntries(names.slice(0, 3).map((name) => [name, `text of ${name}`])));
    expect(warnings).toEqual([
      '4 files or folders are not imported, as MLflow refuses or changes their paths: "a#b.txt", "a%20b.txt", "deep#", "end?"',
    ]);
  });

  test('is told without its files where the server cannot even list them, which is said once for all of an experiment', async () => {
    // As of a server without credentials for the bucket, into which programs upload themselves.
    const cellar = await client.createExperiment('cellar', { artifactLocation: 's3://cellar/ml' });
    for (const runName of ['red', 'white']) await keep({ experimentId: cellar, runName, tags: { team: runName } }, ENDED);
    server.fail('failed', ({ path }) => path.endsWith('/artifacts/list'));
    const runs = await imported();
    for (const run of runs) expect(await eventsOf(run)).toContainEqual({ at: STARTED, kind: 'tags', set: { team: run.name } });
    expect(runs.map(({ name }) => name).sort()).toEqual(['red', 'white']);
    expect([...new Set(warnings)]).toEqual(['its files are not imported: they are at s3://cellar/ml, and not behind the server']);
    const [behind] = [await keep({}, ENDED)];
    const told = (await imported()).find(({ id }) => id === behind.runId)!;
    await expect(eventsOf(told)).rejects.toMatchObject({ kind: 'server' });
  });

  test('is told also where the server does not answer what it has of files, nor is it asked so for each run', async () => {
    const cellar = await client.createExperiment('cellar', { artifactLocation: 's3://cellar/ml' });
    for (const runName of ['red', 'white', 'rose']) await keep({ experimentId: cellar, runName, tags: { team: runName } }, ENDED);
    server.fail('hang', ({ path }) => path.endsWith('/artifacts/list'));
    const impatient = new MlflowClient({ trackingUri: server.url, timeoutMs: 300 });
    const runs = await all(runsOf(impatient, { signal: never, warn: (message) => void warnings.push(message) }));
    for (const run of runs) expect(await eventsOf(run)).toContainEqual({ at: STARTED, kind: 'tags', set: { team: run.name } });
    expect(runs).toHaveLength(3);
    expect([...new Set(warnings)]).toEqual(['its files are not imported: they are at s3://cellar/ml, and not behind the server']);
    expect(server.requests.filter(({ path }) => path.endsWith('/artifacts/list'))).toHaveLength(1);
  });

  test('whose logged model was deleted says that its files are not imported, and gives the others', async () => {
    const { runId } = await keep({}, ENDED);
    for (const name of ['net', 'gone']) {
      const { modelId, artifactUri } = await client.createLoggedModel({ experimentId: wine, name, sourceRunId: runId });
      await client.artifacts.put(`${proxiedArtifactPath(artifactUri)!}/weights.bin`, Buffer.from('weights'));
      await client.logOutputs(runId, [{ modelId }]);
      // As a server answers that keeps it as deleted.
      if (name === 'gone') server.store.loggedModels.delete(modelId);
    }
    const files = (await eventsOf((await imported())[0]!)).filter((event) => event.kind === 'artifact');
    expect(files.map(({ path }) => path)).toEqual(['net/weights.bin']);
    expect(warnings).toEqual(['logged models of it that were deleted are not imported: MLflow brings none back']);
  });
});

test('only the experiment that is named is read, and what is said of others is not said; all are where it is not there', async () => {
  const named = async (experiment: string): Promise<string[]> => {
    warnings.length = server.requests.length = 0;
    const { runs } = await importer(server.url, { env: {}, experiment, warn: (message) => void warnings.push(message) });
    return (await all(runs(never))).map(({ name }) => name).sort();
  };
  const beer = await client.createExperiment('beer');
  const made = [await keep({ runName: 'red' }), await keep({ runName: 'ale', experimentId: beer }), await keep({ experimentId: beer })];
  await client.deleteRun(made[2]!.runId);
  await client.deleteExperiment(await client.createExperiment('mead'));
  await client.createRegisteredModel('ales');
  await client.createModelVersion({ name: 'ales', source: `runs:/${made[1]!.runId}/model`, runId: made[1]!.runId });
  expect(await named('wine')).toEqual(['red']);
  expect(warnings).toEqual([]);
  expect(server.requests.filter(({ path }) => path.endsWith('runs/search'))).toHaveLength(1);
  for (const name of ['mead', 'wien']) expect(await named(name)).toEqual(['ale', 'red']);
  expect(warnings).toEqual([expect.stringMatching(/^1 run and 1 experiment that were deleted/)]);
});

describe('what was deleted', () => {
  const deletedTwins = async (): Promise<void> => {
    const twin = await keep({ tags: { 'mortise.duplicate_of': 'abc' } });
    await client.deleteRun(twin.runId);
  };

  test('is not told, which is said in one line with how to bring it along', async () => {
    const old = await client.createExperiment('old');
    const beer = await client.createExperiment('beer');
    await keep({ experimentId: old }, ENDED);
    await client.deleteExperiment(old);
    for (const experimentId of [wine, wine, beer]) await client.deleteRun((await keep({ experimentId }, ENDED)).runId);
    const kept = await keep({}, ENDED);
    await deletedTwins();
    expect((await imported()).map(({ id }) => id)).toEqual([kept.runId]);
    expect(warnings).toEqual([
      '3 runs and 1 experiment that were deleted are not imported: ' +
        '"mlflow runs restore --run-id ID" and "mlflow experiments restore --experiment-id ID" bring them back, as long as "mlflow gc" has not taken them',
    ]);
  });

  test('of one kind is told alone, and twins of a run that we have deleted ourselves are not', async () => {
    await deletedTwins();
    expect(await imported()).toEqual([]);
    expect(warnings).toEqual([]);
    await client.deleteRun((await keep({}, ENDED)).runId);
    await imported();
    expect(warnings).toEqual([
      '1 run that was deleted is not imported: "mlflow runs restore --run-id ID" brings it back, as long as "mlflow gc" has not taken it',
    ]);
  });
});

test('what is left at the server for which there is no place here is said: traces, registered models, what logged models have beside files', async () => {
  const { runId } = await keep({}, ENDED);
  await client.logParam(runId, 'depth', '3');
  const model = { experimentId: wine, name: 'net', sourceRunId: runId, params: { depth: '3' }, tags: { 'mlflow.user': 'ada' } };
  const { modelId } = await client.createLoggedModel(model);
  await client.logOutputs(runId, [{ modelId }]);
  await eventsOf((await imported())[0]!);
  expect(warnings).toEqual([]);

  const other = await client.createLoggedModel({ ...model, params: { depth: '4' } });
  await client.logOutputs(runId, [{ modelId: other.modelId }]);
  await client.createRegisteredModel('wines');
  await client.createModelVersion({ name: 'wines', source: `models:/${modelId}`, modelId });
  server.store.experiments.get(wine)!.traces.push('tr-1');
  await eventsOf((await imported())[0]!);
  expect(warnings).toEqual([
    'traces are not imported: there are some in the experiment "wine"',
    'registered models are not imported, nor their versions and aliases',
    'params and tags of its logged models are not imported, only their files',
  ]);
});

test('what datasets and models that a run has read are beside their names is said to be left, and the whole digest of a dataset of ours is taken', async () => {
  const { runId } = await keep({}, ENDED);
  const digest = 'd'.repeat(64);
  const [ours] = gatherEvents([{ writer: 'w', seq: 1, at: STARTED, kind: 'dataset', name: 'reds', digest }], {
    known: { params: new Map(), datasets: new Map(), infinite: new Set(), largest: new Set() },
    noUploads: undefined,
  }).datasets;
  await client.logInputs(runId, [ours!.dataset]);
  const read = async (modelInputs: string[]): Promise<void> => {
    const given = { ...(await client.getRun(runId))!, modelInputs };
    const events = eventsOfRun(client, given, { signal: never, warn: (message) => void warnings.push(message), silent: new Set() });
    expect(await all(events)).toContainEqual({ at: STARTED, kind: 'dataset', name: 'reds', digest });
  };
  await read([]);
  expect(warnings).toEqual([]);
  await client.logInputs(runId, [{ name: 'whites', digest: 'abc', sourceType: 's3', source: '{}', schema: '{}' }]);
  await read(['m-1']);
  expect(warnings).toEqual([
    'which logged models it has read is not imported',
    'schemas, profiles and tags of its datasets are not imported',
  ]);
});

test('a server that knows no traces, or keeps its registry to itself, gives its runs all the same', async () => {
  await keep({}, ENDED);
  server.fail('missing', ({ path }) => path.endsWith('/traces'));
  server.fail('forbidden', ({ path }) => path.endsWith('/model-versions/search'));
  expect(await imported()).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('all runs of all experiments are told, the oldest of each first, page by page', async () => {
  const beer = await client.createExperiment('beer');
  for (let i = 0; i < 120; i++) await keep({ runName: `${i}`, startTime: STARTED + ((i * 7) % 120) });
  await keep({ experimentId: beer });
  const runs = await imported();
  const wines = runs.filter(({ experiment }) => experiment === 'wine');
  expect([runs.length, wines.length]).toEqual([121, 120]);
  expect(wines.map(({ startedAt }) => startedAt)).toEqual(Array.from({ length: 120 }, (_, i) => STARTED + i));
});

describe('credentials', () => {
  const auth = { username: 'ada', password: 'secret-of-ada' };
  const env = { MLFLOW_TRACKING_USERNAME: 'ada', MLFLOW_TRACKING_PASSWORD: 'secret-of-ada' };
  beforeEach(async () => {
    await server.stop();
    await serve({ auth });
    await keep({}, ENDED);
  });

  test('are those of the variables', async () => {
    expect(await imported(env)).toHaveLength(1);
  });

  test('are not sent to another server than the variables name, which is said', async () => {
    await expect(imported({ ...env, MLFLOW_TRACKING_URI: 'http://other.example' })).rejects.toThrow();
    expect(server.requests.at(-1)!.headers.authorization).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('MLFLOW_TRACKING_URI names another server')]);
  });
});

test.each(['reset', 'locked', 'gateway'] as const)(
  'a server that fails two of three requests with "%s" costs no run, point or file',
  async (fault) => {
    const { runId, artifactUri } = await keep({}, ENDED);
    await client.logMetric(runId, { key: 'loss', value: 0.5, timestamp: STARTED });
    await client.artifacts.put(`${proxiedArtifactPath(artifactUri)!}/notes.txt`, Buffer.from('of the run'));
    const model = await client.createLoggedModel({ experimentId: wine, name: 'net', sourceRunId: runId });
    await client.artifacts.put(`${proxiedArtifactPath(model.artifactUri)!}/weights.bin`, Buffer.from('weights'));
    await client.logOutputs(runId, [{ modelId: model.modelId }]);
    let asked = 0;
    // A connection that is cut is tried again by the client itself, where it only reads.
    server.fail(fault, () => asked++ % 3 < 2);
    const events = await eventsOf((await imported())[0]!);
    const files = events.filter((event) => event.kind === 'artifact');
    const texts = await Promise.all(files.map(async ({ path, read }) => [path, await text(read(never))] as const));
    expect(Object.fromEntries(texts)).toEqual({ 'notes.txt': 'of the run', 'net/weights.bin': 'weights' });
    expect(events.filter(({ kind }) => kind === 'metrics')).toHaveLength(1);
  },
);

test('of a server that is not there is told that, and what to do', async () => {
  await server.stop();
  await expect(imported()).rejects.toMatchObject({
    code: 'IMPORT_FAILED',
    message: expect.stringMatching(/^nothing was imported from http.*: MLflow at http.* cannot be reached/),
    advice: expect.stringMatching(/^Check the address, and that the server runs: /),
  });
});

test('what is no address of a server is refused in one line that shows no password', async () => {
  const refused = importer('http://ada:secret-of-ada@127.0.0.1:5000', { env: {}, warn: () => undefined });
  await expect(refused).rejects.toThrow(
    /^nothing was imported from http:\/\/\*\*\*@127.0.0.1:5000: the address of the server must be an http/,
  );
  for (const from of [
    'https://ada:secret/of-ada@wine.example',
    'https://wine.example/?token=secret-of-ada',
    'wine.example#secret-of-ada',
  ]) {
    const error: unknown = await importer(from, { env: {}, warn: () => undefined }).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/wine\.example.*: the address of the server must be an http/);
    expect(String(error)).not.toMatch(/secret|of-ada/);
  }
  const folder = importer('./mlruns', { env: {}, warn: () => undefined });
  await expect(folder).rejects.toMatchObject({
    code: 'IMPORT_FAILED',
    advice: expect.stringContaining('mlflow server --backend-store-uri'),
  });
});
