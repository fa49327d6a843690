import { basename } from 'node:path/posix';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LoggedEvent, Outcome } from '@mortise/core';
import { MlflowClient, MlflowError } from '@mortise/mlflow-client';
import { startStubServer, type StubRequest, type StubServer } from '@mortise/mlflow-client/testing';

import { readRun } from '../testing/read-run.ts';
import { curve, eventsOf, never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';

// What MLflow cannot keep costs nothing else: neither the batch it came in, nor its run.
const COMPLETED: Outcome = { status: 'completed' };
const FAILED: Outcome = { status: 'failed', error: { name: 'TypeError', message: 'no wine left' } };
const start = startIn('wines');
const isCall =
  (name: string) =>
  ({ path }: StubRequest): boolean =>
    path.endsWith(name);

let server: StubServer;
beforeEach(async () => void (server = await startStubServer()));
afterEach(() => server.stop());

describe('text that was cut inside an emoji', () => {
  const CUT = 'cut \ud83d';
  const KEPT = 'cut \ufffd';

  test('is kept in what a run begins with, and the run is made once also when that was not answered', async () => {
    const tracker = await trackerAt(server.url);
    const id = newIdentity();
    const cut = { ...start, experiment: CUT, name: CUT, group: CUT, user: CUT, tags: { team: CUT, other: 'fine' } };
    const mend = server.fail('lost', isCall('runs/create'));
    await expect(tracker.open(id, cut, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
    mend();
    const run = await tracker.open(id, cut, undefined, never);
    expect(server.requests.filter(isCall('runs/create'))).toHaveLength(1);
    expect(await readRun(server.url, run.ref.id!)).toMatchObject({
      name: KEPT,
      tags: { 'mortise.key': id.key, 'mortise.group': KEPT, 'mlflow.user': KEPT, team: KEPT, other: 'fine' },
    });
  });

  test('is kept in what it ends with', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    await run.close({ status: 'failed', error: { name: CUT, message: CUT, stack: CUT } }, 5_000, never);
    const { status, tags } = (await readRun(server.url, run.ref.id!))!;
    expect({ status, tags }).toMatchObject({
      status: 'failed',
      tags: { 'mortise.error.name': KEPT, 'mortise.error.message': KEPT, 'mortise.error.stack': KEPT },
    });
  });

  test('is refused by name in what is logged, and all else arrives', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const events = eventsOf([
      { kind: 'tags', set: { before: '1', cut: CUT, after: '2' } },
      { kind: 'params', values: { p: 'x', cut: CUT } },
      { kind: 'json', name: CUT, mime: 'application/json', value: 1 },
      { kind: 'json', name: 'fine', mime: 'application/json', value: CUT },
      { kind: 'artifact', path: CUT, uri: 'file:///nowhere', sha256: 'ab', size: 1 },
      { kind: 'note', markdown: CUT },
      ...curve('loss', 50),
    ]);
    const { through, rejected } = await run.deliver(events, never);
    expect({ through, seqs: rejected?.map(({ seq }) => seq).sort() }).toEqual({ through: { w: 56 }, seqs: [1, 2, 3, 5] });
    const { tags, params, metrics, documents, note } = (await readRun(server.url, run.ref.id!))!;
    expect(tags).toMatchObject({ before: '1', after: '2' });
    expect({ params, points: metrics.length, documents, note }).toEqual({
      params: { p: 'x' },
      points: 50,
      documents: ['fine'],
      note: KEPT,
    });
  });
});

test('a name that only the server knows to be none is refused by its words, and all else arrives', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
  const create = run.native.client.logBatch.bind(run.native.client);
  // As a server whose Python knows fewer letters than Node.
  run.native.client.logBatch = async (runId, batch, signal) => {
    if (batch.metrics?.some(({ key }) => key === 'ꟍ'))
      throw new MlflowError('invalid', 'Names may only contain alphanumerics', { status: 400 });
    return create(runId, batch, signal);
  };
  const odd: LoggedEvent = { kind: 'metrics', values: { ['ꟍ']: 1, größe: 2 }, step: 0 };
  const { through, rejected } = await run.deliver(eventsOf([odd, ...curve('loss', 3)]), never);
  expect({ through, rejected }).toEqual({
    through: { w: 4 },
    rejected: [{ writer: 'w', seq: 1, why: 'the metric "ꟍ" is no name for this MLflow: Names may only contain alphanumerics' }],
  });
  expect((await readRun(server.url, run.ref.id!))!.metrics).toHaveLength(4);
  expect((await run.deliver(eventsOf([odd], 5), never)).rejected).toHaveLength(1);
});

describe('a value that only the server knows to be none', () => {
  const refusal = (said: string): MlflowError => new MlflowError('invalid', said, { status: 400 });
  const LONG = 'x'.repeat(501);
  const long = (name: string): LoggedEvent => ({ kind: 'params', values: { [name]: LONG } });

  /** As one from before MLflow 2.8. */
  const opened = async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const { client } = run.native;
    const log = client.logBatch.bind(client);
    client.logBatch = async (runId, batch, signal) => {
      if (batch.params?.some(({ value }) => value.length > 500)) throw refusal('exceeded length limit of 500');
      return log(runId, batch, signal);
    };
    return run;
  };

  test('is set aside with its words, and what was logged in one call with it arrives', async () => {
    const run = await opened();
    const { through, rejected } = await run.deliver(eventsOf([{ kind: 'params', values: { a: 1, p: LONG, b: 2 } }]), never);
    const why = 'the param "p" was refused: exceeded length limit of 500';
    expect({ through, rejected }).toEqual({ through: { w: 1 }, rejected: [{ writer: 'w', seq: 1, why }] });
    expect((await readRun(server.url, run.ref.id!))!.params).toEqual({ a: '1', b: '2' });
    // What was refused is not there: a shorter text is its first.
    expect((await run.deliver(eventsOf([{ kind: 'params', values: { p: 'x' } }], 2), never)).rejected).toBeUndefined();
  });

  test('is set aside however many come one after another', async () => {
    const run = await opened();
    for (let seq = 1; seq <= 12; seq++) expect((await run.deliver(eventsOf([long(`p${seq}`)], seq), never)).rejected).toHaveLength(1);
  });

  test('is told of what a pipeline was called with, all else of which is shown', async () => {
    const warnings: string[] = [];
    const tracker = await trackerAt(server.url, { warnings });
    // Too long for any server.
    const params = { a: 1, p: LONG.repeat(12), b: 2 };
    const run = await tracker.open(newIdentity(), { ...start, params }, undefined, never);
    expect((await readRun(server.url, run.ref.id!))!.params).toEqual({ a: '1', b: '2' });
    expect(warnings).toEqual([expect.stringContaining('the param "p" was refused: Param "p" has 6012 characters')]);
  });

  test('but where nothing at all is taken, it is not the value that is to blame, and it waits', async () => {
    const run = await opened();
    run.native.client.logBatch = () => Promise.reject(refusal('no more room'));
    await expect(run.deliver(eventsOf([long('p')]), never)).rejects.toMatchObject({ code: 'PERMANENT', message: 'no more room' });
  });
});

test('a metric from before 1970 is set aside, and all else arrives', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
  const [first, second] = eventsOf(curve('loss', 2));
  const { through, rejected } = await run.deliver([{ ...first!, at: -5 }, second!], never);
  const why = 'the metric "loss" has the time -5 ms: MLflow keeps times from 1970 on';
  expect({ through, rejected }).toEqual({ through: { w: 2 }, rejected: [{ writer: 'w', seq: 1, why }] });
  expect((await readRun(server.url, run.ref.id!))!.metrics).toHaveLength(1);
});

test('a run from before 1970 arrives whole, and is as old as MLflow can say', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), { ...start, startedAt: -86_400_000 }, undefined, never);
  await run.deliver(eventsOf([{ kind: 'params', values: { lr: 1 } }]), never);
  await run.close(COMPLETED, -5, never);
  const { startTime, endTime, status, params } = (await new MlflowClient({ trackingUri: server.url }).getRun(run.ref.id!))!;
  expect({ startTime, endTime, status, params }).toEqual({ startTime: 0, endTime: 0, status: 'FINISHED', params: { lr: '1' } });
});

describe('a dataset that the server refuses is told, and all else arrives', () => {
  const dataset = (name: string): LoggedEvent => ({ kind: 'dataset', name, digest: 'd1', context: 'training' });

  test('also by a server that knows no datasets', async () => {
    server.fail('missing', isCall('log-inputs'));
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const { through, rejected } = await run.deliver(eventsOf([dataset('red'), dataset('white'), ...curve('loss', 2)]), never);
    expect({ through, rejected }).toEqual({
      through: { w: 4 },
      rejected: ['red', 'white'].map((name, at) => ({
        ...{ writer: 'w', seq: at + 1, why: expect.stringContaining(`the dataset "${name}" was not logged: MLflow`) },
      })),
    });
    expect((await readRun(server.url, run.ref.id!))!.metrics).toHaveLength(2);
  });

  test('one of several, and the others are there', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const { client, runId } = run.native;
    const log = client.logInputs.bind(client);
    client.logInputs = async (id, datasets, signal) => {
      if (datasets.some(({ name }) => name === 'red')) throw new MlflowError('invalid', 'red is full', { status: 400 });
      return log(id, datasets, signal);
    };
    const { rejected } = await run.deliver(eventsOf([dataset('red'), dataset('white')]), never);
    expect(rejected).toEqual([{ writer: 'w', seq: 1, why: 'the dataset "red" was not logged: red is full' }]);
    expect((await client.getRun(runId))!.datasets.map(({ name }) => name)).toEqual(['white']);
  });

  test('but a server that is ill is waited for', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    server.fail('failed', isCall('log-inputs'));
    await expect(run.deliver(eventsOf([dataset('red')]), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  });
});

describe('where the run itself is gone, nothing is refused for its own sake, nor taken: all of it waits', () => {
  const DATASET: LoggedEvent = { kind: 'dataset', name: 'red', digest: 'd1' };
  const FILE: LoggedEvent = { kind: 'artifact', path: 'red.txt', uri: 'x://y', sha256: 'ab', size: 1 };
  const readArtifact = async function* () {
    yield new Uint8Array(1);
  };

  test.each<[string, LoggedEvent]>([
    ['a dataset', DATASET],
    ['a file', FILE],
    ['what MLflow has no place for', { kind: 'define-metric', name: 'loss', summary: 'min' }],
  ])('%s, of a run that was deleted', async (_, event) => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), { ...start, readArtifact }, undefined, never);
    const { client, runId } = run.native;
    await client.deleteRun(runId);
    await expect(run.deliver(eventsOf([event]), never)).rejects.toMatchObject({
      code: 'PERMANENT',
      message: expect.stringContaining(`mlflow runs restore --run-id ${runId}`),
    });
  });

  test('a dataset, while something else than MLflow answers', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const mend = server.fail('missing');
    await expect(run.deliver(eventsOf([DATASET]), never)).rejects.toMatchObject({ code: 'PERMANENT' });
    mend();
    expect((await run.deliver(eventsOf([DATASET]), never)).rejected).toBeUndefined();
  });
});

describe('what a server can keep nowhere is refused by name, and all else arrives', () => {
  const json = (name: string): LoggedEvent => ({ kind: 'json', name, mime: 'application/json', value: 1 });
  const file = (path: string): LoggedEvent => ({ kind: 'artifact', path, uri: 'x://y', sha256: 'ab', size: 1 });
  const readArtifact = async function* () {
    yield new Uint8Array(1);
  };

  test.each<[string, LoggedEvent[], string]>([
    ['a name of more than 255 bytes', [json('é'.repeat(140))], 'more than 255 bytes'],
    ['a file above a file', [file('report'), json('report/summary')], 'one would be the folder of the other'],
    ['a file where a folder is', [json('metrics/x'), file('metrics')], 'one would be the folder of the other'],
    ['what is below the description of a model', [file('model/MLmodel/x')], '"MLmodel" is the file there that describes it'],
  ])('%s', async (_, logged, why) => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), { ...start, readArtifact }, undefined, never);
    const { through, rejected } = await run.deliver(eventsOf([...logged, ...curve('loss', 1)]), never);
    expect({ through, rejected }).toEqual({
      through: { w: logged.length + 1 },
      rejected: [{ writer: 'w', seq: logged.length, why: expect.stringContaining(why) }],
    });
    await run.close(COMPLETED, Date.now(), never);
    expect((await readRun(server.url, run.ref.id!))!.status).toBe('completed');
  });

  test('but a server that is ill is waited for', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    server.fail('failed', isCall('summary.json'));
    await expect(run.deliver(eventsOf([json('report/summary')]), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  });
});

describe('tags that are set', () => {
  const opened = async (tags: Record<string, string>, id = newIdentity()) => {
    const warnings: string[] = [];
    const run = await (await trackerAt(server.url, { warnings })).open(id, { ...start, tags }, undefined, never);
    return { run, warnings, tags: async () => (await readRun(server.url, run.ref.id!))!.tags };
  };

  test('cannot forge those by which Mortise finds its run and knows its end', async () => {
    const id = newIdentity();
    const forged = { 'mortise.end': 'FINISHED 2020-01-01T00:00:00.000Z', 'mortise.infinite': '["a"]', 'mortise.key': 'k', team: 'red' };
    const { run, warnings, tags } = await opened(forged, id);
    await run.close(FAILED, 5_000, never);
    expect(await readRun(server.url, run.ref.id!)).toMatchObject({ status: 'failed', endedAt: 5_000 });
    const kept = await tags();
    expect(kept).toMatchObject({ team: 'red', 'mortise.key': id.key });
    expect(kept).not.toHaveProperty(['mortise.infinite']);
    expect(warnings).toEqual([
      expect.stringMatching(/^MLflow does not show all tags that are set: "mortise\.end" cannot be set.*"mortise\.infinite"/),
    ]);
  });

  test('say of a pipeline run no step', async () => {
    const { stepId: _, ...ofRun } = newIdentity();
    const given = { 'mortise.run_id': 'pr-1', 'mortise.step': 'train' };
    expect(await (await opened(given, ofRun)).tags()).not.toHaveProperty(['mortise.step']);
    const { warnings, tags } = await opened(given);
    expect(await tags()).toMatchObject(given);
    expect(warnings).toEqual([]);
  });

  test('cannot give the run another name, for which MLflow would refuse it', async () => {
    const { run, warnings } = await opened({ 'mlflow.runName': 'other' });
    expect((await readRun(server.url, run.ref.id!))!.name).toBe('train');
    expect(warnings).toEqual([expect.stringContaining('which "runName" sets')]);
  });
});

test('a model of which a file was refused is not called ready, and becomes no version of a registered one', async () => {
  const readArtifact = async function* () {
    yield new Uint8Array(1);
  };
  const settings = { registerModel: 'champion', modelAlias: 'candidate' };
  const warnings: string[] = [];
  const tracker = await trackerAt(server.url, { warnings });
  const id = { ...newIdentity(), stepId: 'fit' };
  const run = await tracker.open(id, { ...start, readArtifact, settings }, undefined, never);
  const file = (path: string): LoggedEvent => ({ kind: 'artifact', type: 'model', path, uri: 'x://y', sha256: 'ab', size: 1 });
  const { rejected, ref } = await run.deliver(eventsOf([file('net/config.json'), file('net/weights#1.bin')]), never);
  expect(rejected).toHaveLength(1);
  const later = await (await trackerAt(server.url, { warnings })).open(id, { ...start, readArtifact, settings }, ref, never);
  await later.close(COMPLETED, Date.now(), never);
  const { client, runId } = run.native;
  const { modelOutputs } = (await client.getRun(runId))!;
  expect((await client.getLoggedModel(modelOutputs[0]!.modelId))!.status).toBe('LOGGED_MODEL_UPLOAD_FAILED');
  expect((await client.searchModelVersions()).versions).toEqual([]);
  expect((await readRun(server.url, runId))!.tags['mortise.registered_model']).toMatch(/^not registered: .*"weights#1\.bin"/);
  expect(warnings.join()).toMatch(/no model .* was registered at MLflow as "champion": .*"weights#1\.bin"/);
});

test('a server from before MLflow 3, which has no logged models, is given their files as those of the run, and it is told', async () => {
  const readArtifact = async function* () {
    yield new Uint8Array(1);
  };
  const warnings: string[] = [];
  const tracker = await trackerAt(server.url, { warnings });
  server.fail('missing', ({ path }) => path.includes('/logged-models'));
  const settings = { registerModel: 'champion' };
  const id = { ...newIdentity(), stepId: 'fit' };
  const run = await tracker.open(id, { ...start, readArtifact, settings }, undefined, never);
  const files = Array.from({ length: 12 }, (_, at): LoggedEvent => ({
    kind: 'artifact',
    path: `model/${at}`,
    uri: 'x://y',
    sha256: 'ab',
    size: 1,
  }));
  const { through, rejected } = await run.deliver(eventsOf(files), never);
  expect({ through, rejected }).toEqual({ through: { w: 12 }, rejected: undefined });
  await run.close(COMPLETED, Date.now(), never);
  const { status, tags } = (await readRun(server.url, run.ref.id!))!;
  const listed = await run.native.client.listArtifacts(run.ref.id!, 'model');
  expect({ status, files: listed.files.length, registered: tags['mortise.registered_model'] }).toEqual({
    ...{ status: 'completed', files: 12 },
    registered: 'not registered: this MLflow has no logged models, as those before 3.0',
  });
  expect(warnings).toEqual([
    'this MLflow has no logged models, as those before 3.0: their files are artifacts of the run there',
    expect.stringContaining('was registered at MLflow as "champion": this MLflow has no logged models'),
  ]);
});

test('a tag that only this server finds too long does not keep its run from being made, and is told', async () => {
  const warnings: string[] = [];
  const tracker = await trackerAt(server.url, { warnings });
  const create = MlflowClient.prototype.createRun;
  const spy = jest.spyOn(MlflowClient.prototype, 'createRun').mockImplementation(function (this: MlflowClient, run, signal) {
    const isLong = Object.values(run.tags ?? {}).some((text) => String(text).length > 5_000);
    return isLong ? Promise.reject(new MlflowError('invalid', 'exceeded length', { status: 400 })) : create.call(this, run, signal);
  });
  const run = await tracker.open(newIdentity(), { ...start, tags: { long: 'x'.repeat(6_000), team: 'red' } }, undefined, never);
  spy.mockRestore();
  const { tags } = (await readRun(server.url, run.ref.id!))!;
  expect(tags).toMatchObject({ team: 'red', 'mortise.refused_tags': '"long" has 6000 characters, MLflow takes 5000' });
  expect(warnings).toEqual([expect.stringContaining('"long" has 6000 characters')]);
});

test('an error whose text one server finds too long for a tag ends its run all the same, cut shorter', async () => {
  const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
  const { client } = run.native;
  const log = client.logBatch.bind(client);
  // As MLflow 2.7.
  client.logBatch = async (runId, batch, signal) => {
    if (batch.tags?.some(({ value }) => value.length > 5_000))
      throw new MlflowError('invalid', 'exceeded length limit of 5000', { status: 400 });
    return log(runId, batch, signal);
  };
  await run.close({ status: 'failed', error: { name: 'Error', message: 'x'.repeat(6_000), stack: 'short' } }, 5_000, never);
  const { status, tags } = (await readRun(server.url, run.ref.id!))!;
  expect({ status, stack: tags['mortise.error.stack'] }).toEqual({ status: 'failed', stack: 'short' });
  expect(tags['mortise.error.message']).toMatch(/^x+ \.\.\. \[cut, it had 6000 characters\]$/);
  expect(tags['mortise.error.message']).toHaveLength(5_000);
});

test('a model that is gone at the server, also for good, keeps neither its run from ending nor what is logged later from arriving', async () => {
  const readArtifact = async function* () {
    yield new Uint8Array(1);
  };
  const warnings: string[] = [];
  const tracker = await trackerAt(server.url, { warnings });
  const run = await tracker.open(newIdentity(), { ...start, readArtifact }, undefined, never);
  await run.deliver(eventsOf([{ kind: 'artifact', path: 'model/a.bin', uri: 'x://y', sha256: 'ab', size: 1 }]), never);
  server.store.loggedModels.clear();
  await run.deliver(eventsOf(curve('loss', 2), 2), never);
  await run.close(FAILED, 5_000, never);
  const { status, metrics } = (await readRun(server.url, run.ref.id!))!;
  expect({ status, points: metrics.length }).toEqual({ status: 'failed', points: 2 });
  expect(warnings).toEqual(['the model "model" of "train" was deleted at MLflow, and is not brought back']);
});

test.each([
  ['weights.bin', 'weights/weights.bin'],
  ['model/model.bin', 'model.bin'],
])(
  'of %j and %j, which have one place in a model, the second is refused, also by a later process, and the first stays',
  async (first, second) => {
    const readArtifact = async function* ({ uri }: { uri: string }) {
      yield Buffer.from(uri);
    };
    const id = newIdentity();
    const file = (path: string, uri: string): LoggedEvent => ({ kind: 'artifact', type: 'model', path, uri, sha256: 'ab', size: 3 });
    const run = await (await trackerAt(server.url)).open(id, { ...start, readArtifact }, undefined, never);
    // The same path again is the same file, in its last state.
    const { ref, rejected: none } = await run.deliver(eventsOf([file(first, 'old'), file(first, 'one')]), never);
    const later = await (await trackerAt(server.url)).open(id, { ...start, readArtifact }, ref, never);
    const { rejected } = await later.deliver(eventsOf([file(second, 'two'), file(`${basename(first, '.bin')}/more.bin`, 'abc')], 3), never);
    const why = `"${second}" cannot be beside "${first}": both would be ${basename(first)} in the model "${basename(first, '.bin')}"`;
    expect([none, rejected]).toEqual([undefined, [{ writer: 'w', seq: 3, why }]]);
    await later.close(COMPLETED, Date.now(), never);
    const texts = Array.from(server.store.artifacts.files, ([path, { bytes }]) => [basename(path), Buffer.from(bytes).toString()]);
    expect(Object.fromEntries(texts)).toMatchObject({ [basename(first)]: 'one', 'more.bin': 'abc' });
    const { modelOutputs } = (await run.native.client.getRun(run.ref.id!))!;
    const { status } = (await run.native.client.getLoggedModel(modelOutputs[0]!.modelId))!;
    expect(status).toBe('LOGGED_MODEL_UPLOAD_FAILED');
  },
);

test.each([
  ['v1.2/w.bin', 'v1_2/w.bin', 'v1.2'],
  ['v1_2/w.bin', 'v1.2/w.bin', 'v1_2'],
  ['v1.2/w.bin', 'v1:2/other.bin', 'v1.2'],
  ['v1.2.bin', 'v1_2/w.bin', 'v1.2'],
])('of %j and %j, which MLflow would have in one model, the second is refused, also by a later process', async (first, second, folder) => {
  const readArtifact = async function* ({ uri }: { uri: string }) {
    yield Buffer.from(uri);
  };
  const id = newIdentity();
  const file = (path: string, uri: string): LoggedEvent => ({ kind: 'artifact', type: 'model', path, uri, sha256: 'ab', size: 3 });
  const run = await (await trackerAt(server.url)).open(id, { ...start, readArtifact }, undefined, never);
  const { ref, rejected: none } = await run.deliver(eventsOf([file(first, 'one'), file(`${folder}/more.bin`, 'abc')]), never);
  const later = await (await trackerAt(server.url)).open(id, { ...start, readArtifact }, ref, never);
  const { rejected } = await later.deliver(eventsOf([file(second, 'two'), file(first, 'new')], 3), never);
  const why = `"${second}" cannot be in the model "v1_2": that has the files of "${folder}", and both names are "v1_2" at MLflow`;
  expect([none, rejected]).toEqual([undefined, [{ writer: 'w', seq: 3, why }]]);
  await later.close(COMPLETED, Date.now(), never);
  const texts = Array.from(server.store.artifacts.files, ([path, { bytes }]) => [basename(path), Buffer.from(bytes).toString()]);
  expect(Object.fromEntries(texts)).toEqual({ [basename(first)]: 'new', 'more.bin': 'abc', MLmodel: expect.anything() });
  const { modelOutputs } = (await run.native.client.getRun(run.ref.id!))!;
  const { status } = (await run.native.client.getLoggedModel(modelOutputs[0]!.modelId))!;
  expect(status).toBe('LOGGED_MODEL_UPLOAD_FAILED');
});
