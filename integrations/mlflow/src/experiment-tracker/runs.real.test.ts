import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { isError, Permanent, Transient, type Json, type LoggedEvent, type Outcome, type TrackerRunRef } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, sharedMlflow, startFaultyProxy, type Fault, type FaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { readRun } from '../testing/read-run.ts';
import { curve, eventsOf, never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';

// What every tracker promises is in conformance.real.test.ts; here is what MLflow makes hard.
const FAILED: Outcome = {
  status: 'failed',
  error: { name: 'TypeError', message: 'no wine left', stack: 'TypeError: no wine left\n    at train' },
};
const COMPLETED: Outcome = { status: 'completed' };
const CREATE = { method: 'POST', path: 'runs/create' };

(canStart('mlflow') ? describe : describe.skip)('at a real server', () => {
  let server: SharedMlflow;
  let proxy: FaultyProxy;
  let client: MlflowClient;
  const experiment = `runs-${randomBytes(4).toString('hex')}`;
  const start = startIn(experiment);
  beforeAll(async () => {
    server = await sharedMlflow();
    proxy = await startFaultyProxy(server.url);
    client = new MlflowClient({ trackingUri: server.url });
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  const runsWithKey = async (key: string, runViewType: 'ACTIVE_ONLY' | 'DELETED_ONLY' = 'ACTIVE_ONLY') => {
    const { experimentId } = (await client.getExperimentByName(experiment))!;
    return (await client.searchRuns({ experimentIds: [experimentId], filter: `tags.\`mortise.key\` = '${key}'`, runViewType })).runs;
  };

  test('a thousand metrics are one request', async () => {
    const run = await (await trackerAt(proxy.url)).open(newIdentity(), start, undefined, never);
    const events = eventsOf(curve('loss', 1_000));
    proxy.forget();
    expect(await run.deliver(events, never)).toEqual({ through: { w: 1_000 }, ref: run.ref });
    expect(proxy.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/2.0/mlflow/runs/log-batch']);
    expect((await readRun(server.url, run.ref.id!))!.metrics).toHaveLength(1_000);
  });

  test('a run that is opened for the first time costs a search and a creation, once its experiment is known', async () => {
    const tracker = await trackerAt(proxy.url);
    await tracker.open(newIdentity(), start, undefined, never);
    proxy.forget();
    await tracker.open(newIdentity(), start, undefined, never);
    expect(proxy.requests.map(({ path }) => path)).toEqual(['/api/2.0/mlflow/runs/search', '/api/2.0/mlflow/runs/create']);
  });

  test('what MLflow is told of a run stands where its pages show it', async () => {
    const tracker = await trackerAt(server.url);
    const source = {
      command: ['/usr/bin/node', '/usr/bin/mortise', 'run', 'src/wine.ts', '--fast'],
      file: 'src/wine.ts',
      host: 'cellar',
      commit: 'c0ffee',
      branch: 'main',
      dirty: true,
    };
    const parent = await tracker.open(newIdentity(), start, undefined, never);
    const id = { ...newIdentity(), mapIndex: 3 };
    const whole = { ...start, user: 'ann', source, parent: parent.ref, tags: { team: 'red', 'mortise.run_id': 'pr-1', 'bad@name': 'x' } };
    const run = await tracker.open(id, whole, undefined, never);
    const { runId, experimentId } = run.native;
    expect(run.ref).toEqual({
      id: runId,
      url: `${server.url}/#/experiments/${experimentId}/runs/${runId}`,
      ids: { mlflow_run_id: runId, mlflow_experiment_id: experimentId },
    });
    const told = (await client.getRun(runId))!;
    expect(told).toMatchObject({ runName: 'train', userId: 'ann', status: 'RUNNING', startTime: start.startedAt });
    // Arguments of a command may be secrets.
    expect(JSON.stringify(told.tags)).not.toContain('--fast');
    expect(told.tags).toMatchObject({
      team: 'red',
      'mlflow.runName': 'train',
      'mlflow.user': 'ann',
      'mlflow.parentRunId': parent.ref.id,
      'mlflow.source.type': 'LOCAL',
      'mlflow.source.name': 'src/wine.ts',
      'mlflow.source.git.commit': 'c0ffee',
      'mlflow.source.git.branch': 'main',
      'mortise.key': id.key,
      'mortise.run_id': 'pr-1',
      'mortise.show': 'mortise runs show pr-1',
      'mortise.group': 'wine-1',
      'mortise.map_index': '3',
      'mortise.host': 'cellar',
      'mortise.git.dirty': 'true',
      'mortise.refused_tags': expect.stringContaining('"bad@name" is no name for MLflow'),
    });
  });

  describe('how a run ended', () => {
    const ended = async (outcome: Outcome, supersededBy?: string) => {
      const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
      await run.close(outcome, start.startedAt + 5_000, never, supersededBy);
      const { status, endTime, tags } = (await client.getRun(run.ref.id!))!;
      return { status, after: endTime! - start.startedAt, tags };
    };

    test('is told in words that MLflow has', async () => {
      expect(await ended(COMPLETED)).toMatchObject({ status: 'FINISHED', after: 5_000 });
      expect(await ended({ status: 'killed', reason: 'SIGINT' })).toMatchObject({
        status: 'KILLED',
        after: 5_000,
        tags: { 'mortise.error.name': 'Killed', 'mortise.error.message': 'SIGINT' },
      });
      expect(await ended({ status: 'cached', source: { runId: 'r-7', url: 'http://x.test/7' } })).toMatchObject({
        status: 'FINISHED',
        tags: { 'mortise.cached_from': 'r-7', 'mortise.cached_from_url': 'http://x.test/7' },
      });
      expect(await ended(FAILED, 'b'.repeat(32))).toMatchObject({
        status: 'FAILED',
        tags: {
          'mortise.error.name': 'TypeError',
          'mortise.error.message': 'no wine left',
          'mortise.error.stack': 'TypeError: no wine left\n    at train',
          'mortise.superseded_by': 'b'.repeat(32),
        },
      });
    });

    test('a long message is cut with a mark', async () => {
      const { tags } = await ended({ status: 'failed', error: { name: 'Error', message: 'x'.repeat(20_000) } });
      expect(tags['mortise.error.message']).toMatch(/^x{7900,} \.\.\. \[cut, it had 20000 characters\]$/);
    });

    test('is ours to say, also when another program has set it meanwhile', async () => {
      const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
      await client.updateRun(run.ref.id!, { status: 'FINISHED', endTime: Date.now() });
      await run.close(FAILED, start.startedAt + 5_000, never);
      expect((await client.getRun(run.ref.id!))!.status).toBe('FAILED');
      await client.updateRun(run.ref.id!, { status: 'FINISHED', endTime: Date.now() });
      await run.close(COMPLETED, start.startedAt + 9_000, never);
      expect(await client.getRun(run.ref.id!)).toMatchObject({ status: 'FAILED', endTime: start.startedAt + 5_000 });
    });

    test('an end that was interrupted half way is completed as it was begun', async () => {
      const tracker = await trackerAt(proxy.url);
      const run = await tracker.open(newIdentity(), start, undefined, never);
      const cut = proxy.inject({ kind: 'reset' }, { path: 'runs/update' });
      await expect(run.close(FAILED, start.startedAt + 5_000, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
      expect((await client.getRun(run.ref.id!))!.status).toBe('RUNNING');
      cut.remove();
      await run.close({ status: 'killed', reason: 'swept' }, start.startedAt + 90_000, never);
      const { status, endTime, tags } = (await client.getRun(run.ref.id!))!;
      expect({ status, endTime, told: tags['mortise.error.message'] }).toEqual({
        status: 'FAILED',
        endTime: start.startedAt + 5_000,
        told: 'no wine left',
      });
    });

    test('counts no more for a run that goes on', async () => {
      const tracker = await trackerAt(server.url);
      const id = newIdentity();
      const run = await tracker.open(id, start, undefined, never);
      await run.close(FAILED, Date.now(), never);
      const again = await tracker.open(id, { ...start, resumed: true }, run.ref, never);
      const { status, tags } = (await client.getRun(run.ref.id!))!;
      expect(status).toBe('RUNNING');
      expect(Object.keys(tags).filter((tag) => /end|error/.test(tag))).toEqual([]);
      await again.close(COMPLETED, Date.now(), never);
      expect((await client.getRun(run.ref.id!))!.status).toBe('FINISHED');
    });
  });

  describe('one run for one key', () => {
    test('when the answer to its creation is lost', async () => {
      const tracker = await trackerAt(proxy.url);
      const id = newIdentity();
      proxy.forget();
      proxy.inject({ kind: 'lose-answer' }, { ...CREATE, times: 1 });
      await expect(tracker.open(id, start, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
      const run = await tracker.open(id, start, undefined, never);
      await run.close(COMPLETED, Date.now(), never);
      expect((await runsWithKey(id.key)).map(({ runId }) => runId)).toEqual([run.ref.id]);
      expect(proxy.count(CREATE)).toBe(1);
    });

    test('when that answer is lost and a tag of its settings was cut inside an emoji', async () => {
      const tracker = await trackerAt(proxy.url);
      const id = newIdentity();
      proxy.inject({ kind: 'lose-answer' }, { ...CREATE, times: 1 });
      const opening = () => tracker.open(id, { ...start, tags: { cut: 'cut \ud83d', team: 'red' } }, undefined, never);
      await expect(opening()).rejects.toMatchObject({ code: 'TRANSIENT' });
      const run = await opening();
      const [only, ...others] = await runsWithKey(id.key);
      expect({ id: only?.runId, others, tags: only?.tags }).toMatchObject({
        id: run.ref.id,
        others: [],
        tags: { cut: 'cut \ufffd', team: 'red' },
      });
    });

    test('when the server creates it so late that it was asked again: the empty one is deleted at the end', async () => {
      const tracker = await trackerAt(proxy.url);
      const id = newIdentity();
      proxy.inject({ kind: 'reset' }, { ...CREATE, times: 1 });
      await expect(tracker.open(id, start, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
      const run = await tracker.open(id, start, undefined, never);
      await run.deliver(eventsOf(curve('loss', 3)), never);
      const late = await client.createRun({
        experimentId: run.native.experimentId,
        startTime: start.startedAt,
        tags: { 'mortise.key': id.key },
      });
      await run.close(COMPLETED, Date.now(), never);
      expect((await runsWithKey(id.key)).map(({ runId }) => runId)).toEqual([run.ref.id]);
      expect((await runsWithKey(id.key, 'DELETED_ONLY')).map(({ runId }) => runId)).toEqual([late.runId]);
      expect((await client.getRun(late.runId))!.tags['mortise.duplicate_of']).toBe(run.ref.id);
    });

    test('whoever opens it without its ref takes the one that has something, else the older one, and deletes empty ones', async () => {
      const tracker = await trackerAt(server.url);
      const id = newIdentity();
      const first = await tracker.open(id, start, undefined, never);
      const twin = (openedAt: number) =>
        client.createRun({
          experimentId: first.native.experimentId,
          startTime: start.startedAt,
          tags: { 'mortise.key': id.key, 'mortise.opened_at': String(openedAt) },
        });
      const older = await twin(1);
      expect((await tracker.open(id, start, undefined, never)).ref.id).toBe(older.runId);
      expect(await runsWithKey(id.key)).toHaveLength(1);
      const full = await twin(Date.now());
      await client.logBatch(full.runId, { params: [{ key: 'lr', value: '1' }] });
      expect((await tracker.open(id, start, undefined, never)).ref.id).toBe(full.runId);
      expect((await runsWithKey(id.key)).map(({ runId }) => runId)).toEqual([full.runId]);
    });

    test('a run that is not ours is left alone', async () => {
      const tracker = await trackerAt(server.url);
      const id = newIdentity();
      const run = await tracker.open(id, start, undefined, never);
      const other = await client.createRun({ experimentId: run.native.experimentId, startTime: 1, tags: { 'mortise.key': id.key } });
      await client.logBatch(other.runId, { params: [{ key: 'lr', value: '1' }] });
      const again = await (await trackerAt(server.url)).open(id, start, run.ref, never);
      await again.close(COMPLETED, Date.now(), never);
      expect(await runsWithKey(id.key)).toHaveLength(2);
    });
  });

  describe('what is gone is told, and not made anew', () => {
    const reopened = async (known: TrackerRunRef) => (await trackerAt(server.url)).open(newIdentity(), start, known, never);

    test('a run that was deleted', async () => {
      const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
      await client.deleteRun(run.ref.id!);
      await expect(reopened(run.ref)).rejects.toMatchObject({ code: 'PERMANENT', message: expect.stringContaining('mlflow runs restore') });
      await expect(run.close(COMPLETED, 1, never)).rejects.toMatchObject({
        code: 'PERMANENT',
        message: expect.stringContaining('was deleted'),
      });
      await expect(run.deliver(eventsOf([{ kind: 'params', values: { lr: 1 } }]), never)).rejects.toMatchObject({ code: 'PERMANENT' });
      await client.restoreRun(run.ref.id!);
      expect((await reopened(run.ref)).ref.id).toBe(run.ref.id);
    });

    test('a run that the server does not know', async () => {
      const ref = { id: 'f'.repeat(32), ids: {} };
      await expect(reopened(ref)).rejects.toMatchObject({
        code: 'PERMANENT',
        message: expect.stringContaining(`is not at ${server.url} any more`),
      });
    });

    test('a run whose experiment was deleted comes back with that', async () => {
      const { ref, native } = await (await trackerAt(server.url)).open(newIdentity(), startIn(`${experiment}-around`), undefined, never);
      await client.deleteExperiment(native.experimentId);
      await expect(reopened(ref)).rejects.toMatchObject({
        code: 'PERMANENT',
        message: expect.stringContaining(`was deleted at ${server.url}: restore its experiment (mlflow experiments restore`),
      });
      await client.restoreExperiment(native.experimentId);
      expect((await reopened(ref)).ref.id).toBe(ref.id);
    });

    test('an experiment that was deleted', async () => {
      const name = `${experiment}-deleted`;
      const experimentId = await client.createExperiment(name);
      await client.deleteExperiment(experimentId);
      const opening = async () => (await trackerAt(server.url)).open(newIdentity(), startIn(name), undefined, never);
      await expect(opening()).rejects.toMatchObject({
        code: 'PERMANENT',
        message: expect.stringContaining(`restore it (mlflow experiments restore --experiment-id ${experimentId})`),
      });
      await client.restoreExperiment(experimentId);
      expect((await opening()).native.experimentId).toBe(experimentId);
    });

    test('an experiment that is deleted while the tracker knows it', async () => {
      const name = `${experiment}-later`;
      const tracker = await trackerAt(server.url);
      const { native } = await tracker.open(newIdentity(), startIn(name), undefined, never);
      await client.deleteExperiment(native.experimentId);
      const opening = () => tracker.open(newIdentity(), startIn(name), undefined, never);
      await expect(opening()).rejects.toMatchObject({ code: 'PERMANENT', message: expect.stringContaining('mlflow experiments restore') });
      await client.restoreExperiment(native.experimentId);
      expect((await opening()).native.experimentId).toBe(native.experimentId);
    });
  });

  test('an experiment that is made here is one of model training for MLflow, and one that was there stays what it is', async () => {
    const name = `${experiment}-kind`;
    const theirs = await client.createExperiment(`${name}-theirs`, { tags: { team: 'red' } });
    const tracker = await trackerAt(server.url);
    const { native } = await tracker.open(newIdentity(), startIn(name), undefined, never);
    await tracker.open(newIdentity(), startIn(`${name}-theirs`), undefined, never);
    const tagsOf = async (id: string) => (await client.getExperiment(id))!.tags;
    expect(await tagsOf(native.experimentId)).toMatchObject({ 'mlflow.experimentKind': 'custom_model_development' });
    expect(await tagsOf(theirs)).toEqual({ team: 'red' });
  });

  test('an experiment whose creation was not answered is made once', async () => {
    const name = `${experiment}-lost`;
    const tracker = await trackerAt(proxy.url);
    proxy.inject({ kind: 'lose-answer' }, { path: 'experiments/create', times: 1 });
    const opening = () => tracker.open(newIdentity(), startIn(name), undefined, never);
    await expect(opening()).rejects.toMatchObject({ code: 'TRANSIENT' });
    expect((await opening()).native.experimentId).toBe((await client.getExperimentByName(name))!.experimentId);
  });

  test('many processes that begin an experiment at once get the same one', async () => {
    const name = `${experiment}-race`;
    const runs = await Promise.all(
      Array.from({ length: 4 }, async () => (await trackerAt(server.url)).open(newIdentity(), startIn(name), undefined, never)),
    );
    expect(new Set(runs.map(({ native }) => native.experimentId)).size).toBe(1);
  });

  test('a param that another program has logged is not changed: it is refused, and the rest of the batch arrives', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    await client.logParam(run.ref.id!, 'lr', '0.5');
    const events = eventsOf([...curve('loss', 3), { kind: 'params', values: { lr: 0.1, depth: 3 } }]);
    const { rejected, through } = await run.deliver(events, never);
    expect(rejected).toEqual([{ writer: 'w', seq: 4, why: expect.stringContaining('"lr" is "0.5" and cannot be changed to "0.1"') }]);
    expect(through).toEqual({ w: 4 });
    const { params, metrics } = (await readRun(server.url, run.ref.id!))!;
    expect(params).toEqual({ lr: '0.5', depth: '3' });
    expect(metrics).toHaveLength(3);
  });

  test('a name of letters that are too new for its Python is refused, and all else arrives', async () => {
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const logged: LoggedEvent[] = [
      { kind: 'metrics', values: { 漢字: 1, 'ꟍ': 1 }, step: 0 },
      { kind: 'params', values: { 'ꟍ': 'x', größe: 'y' } },
      { kind: 'tags', set: { 'ꟍ': 'x', team: 'blue' } },
      ...curve('loss', 3),
    ];
    const { through, rejected = [] } = await run.deliver(eventsOf(logged), never);
    expect({ through, refused: rejected.map(({ seq }) => seq) }).toEqual({ through: { w: 6 }, refused: [1, 2, 3] });
    expect(rejected[0]!.why).toMatch(/^the metric "ꟍ" is no name for this MLflow: .*Names may only contain/);
    const { metrics, params, tags } = (await readRun(server.url, run.ref.id!))!;
    expect({ points: metrics.length, params, team: tags['team'] }).toEqual({ points: 4, params: { größe: 'y' }, team: 'blue' });
    // It has learnt the name.
    proxy.forget();
    expect((await run.deliver(eventsOf(curve('ꟍ', 5), 7), never)).rejected).toHaveLength(5);
  });

  test('what the server can keep nowhere is refused by name, and all else arrives', async () => {
    const readArtifact = async function* () {
      yield new Uint8Array(1);
    };
    const file = (path: string): LoggedEvent => ({ kind: 'artifact', path, uri: 'x://y', sha256: 'ab', size: 1 });
    const json = (name: string, value: Json = 1): LoggedEvent => ({ kind: 'json', name, mime: 'application/json', value });
    const run = await (await trackerAt(server.url)).open(newIdentity(), { ...start, readArtifact }, undefined, never);
    const logged = [
      file('report'),
      json('report/summary'),
      json('metrics/x'),
      file('metrics'),
      json('é'.repeat(140)),
      file('model/MLmodel/x'),
    ];
    const cut: LoggedEvent[] = [
      { kind: 'tags', set: { cut: 'cut \ud83d', whole: 'x' } },
      json('doc', 'cut \ud83d'),
      { kind: 'note', markdown: 'cut \ud83d' },
    ];
    const events = eventsOf([...logged, ...cut, ...curve('loss', 3)]);
    const { through, rejected = [] } = await run.deliver(events, never);
    expect({ through, refused: rejected.map(({ seq }) => seq).sort() }).toEqual({
      through: { w: events.length },
      refused: [2, 4, 5, 6, 7],
    });
    await run.close(COMPLETED, Date.now(), never);
    const { status, documents, metrics, tags, note } = (await readRun(server.url, run.ref.id!))!;
    expect({ status, documents, points: metrics.length, whole: tags['whole'], note }).toEqual({
      status: 'completed',
      documents: ['doc'],
      points: 3,
      whole: 'x',
      note: 'cut \ufffd',
    });
  });

  const cause = (fault: Fault) => fault;
  const html = { 'content-type': 'text/html' };
  test.each<[string, Fault, typeof Transient | typeof Permanent, RegExp]>([
    [
      '503',
      cause({ kind: 'answer', status: 503, headers: { 'retry-after': '7' }, body: '{"error_code":"TEMPORARILY_UNAVAILABLE"}' }),
      Transient,
      /503/,
    ],
    ['429', cause({ kind: 'answer', status: 429, headers: { 'retry-after': '7' } }), Transient, /429/],
    ['HTML 502', cause({ kind: 'answer', status: 502, headers: html, body: '<html><h1>Bad Gateway</h1></html>' }), Transient, /502/],
    ['HTML 401', cause({ kind: 'answer', status: 401, headers: html, body: '<h1>401 Unauthorized</h1>' }), Permanent, /trackingPassword/],
    [
      'text 403',
      cause({
        kind: 'answer',
        status: 403,
        headers: { 'content-type': 'text/plain' },
        body: 'Invalid Host header - possible DNS rebinding attack detected',
      }),
      Permanent,
      /allowed-hosts/,
    ],
    ['HTML 200', cause({ kind: 'answer', status: 200, headers: html, body: '<html>Welcome</html>' }), Permanent, /trackingUri/],
    ['a reset', cause({ kind: 'reset' }), Transient, /./],
    ['a lost answer', cause({ kind: 'lose-answer' }), Transient, /./],
    ['a black hole', cause({ kind: 'black-hole' }), Transient, /./],
  ])('%s is told in one line, and afterwards every point is there once', async (_name, fault, type, says) => {
    // What is silent is given up soon, and else only what lasts a minute would be.
    const tracker = await trackerAt(proxy.url, fault.kind === 'black-hole' ? { config: { timeoutMs: 5_000 } } : {});
    const id = newIdentity();
    const run = await tracker.open(id, start, undefined, never);
    const events = eventsOf(curve('loss', 20));
    await run.deliver(events.slice(0, 5), never);
    const injected = proxy.inject(fault);
    const calls = [
      () => tracker.open(newIdentity(), start, undefined, never),
      () => run.deliver(events.slice(5), never),
      () => run.close(COMPLETED, Date.now(), never),
    ];
    for (const call of calls) {
      const begun = Date.now();
      const error = await call().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(Date.now() - begun).toBeLessThan(20_000);
      expect(isError(error, type)).toBe(true);
      const { message, retryAfter } = error as Transient;
      expect(message).toMatch(says);
      expect(message).not.toMatch(/[\n<]/);
      if (fault.kind === 'answer' && fault.headers?.['retry-after'] !== undefined) expect(retryAfter).toBe(7_000);
    }
    injected.remove();
    await run.deliver(events.slice(5), never);
    await run.close(COMPLETED, Date.now(), never);
    const { metrics, status } = (await readRun(server.url, run.ref.id!))!;
    expect({ status, steps: metrics.map(({ step }) => step).sort((a, b) => a! - b!) }).toEqual({
      status: 'completed',
      steps: Array.from({ length: 20 }, (_, step) => step),
    });
  });

  test('check tells a server that is no MLflow, and one that is not there', async () => {
    await (await trackerAt(server.url)).check(never);
    proxy.inject({ kind: 'answer', status: 200, headers: html, body: '<html>Welcome</html>' });
    await expect((await trackerAt(proxy.url)).check(never)).rejects.toMatchObject({ code: 'PERMANENT' });
    await expect((await trackerAt('http://127.0.0.1:9')).check(never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  });
});
