import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ArtifactNotFound, type LoggedEvent, type ReadArtifact, type TrackerRun, type TrackerRunRef } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, python, sharedMlflow, startFaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { heldBytes } from '../testing/held-bytes.ts';
import { readRun } from '../testing/read-run.ts';
import { eventsOf, never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';
import type { MlflowRun } from './mlflow-tracker-run.ts';

/** What MLflow's own Python client says of a run, as JSON. */
const READ_BACK = `
import json, os, mlflow, mlflow.data, mlflow.models
from mlflow import MlflowClient
run_id, experiment, registered = os.environ["RUN"], os.environ["EXPERIMENT"], os.environ["REGISTERED"]
mlflow.set_experiment(experiment)
run, client = mlflow.get_run(run_id), MlflowClient()
found = mlflow.search_runs(experiment_names=[experiment], filter_string=f"attributes.run_id = '{run_id}'", output_format="list")
history = {key: [[p.step, p.timestamp, repr(p.value)] for p in client.get_metric_history(run_id, key)] for key in run.data.metrics}
model = mlflow.models.get_model_info(f"runs:/{run_id}/model")
version = client.search_model_versions(f"name = '{registered}'")
logged = mlflow.get_logged_model(model.model_id)
print(json.dumps({
    "info": [run.info.run_name, run.info.status, run.info.start_time, run.info.end_time],
    "params": run.data.params,
    "tags": run.data.tags,
    "found": [[r.info.run_id, r.data.params] for r in found],
    "history": history,
    "datasets": [[d.dataset.name, d.dataset.digest, mlflow.data.get_source(d).to_dict(), [[t.key, t.value] for t in d.tags]] for d in run.inputs.dataset_inputs],
    "table": mlflow.load_table("scores.json", run_ids=[run_id]).to_dict(orient="list"),
    "matrix": mlflow.artifacts.load_dict(f"runs:/{run_id}/matrix.json"),
    "files": sorted(f.path for f in client.list_artifacts(run_id)),
    "notes": mlflow.artifacts.load_text(f"runs:/{run_id}/deep/er/notes.txt"),
    "model": [model.model_id, model.run_id, logged.name, logged.status.value, logged.source_run_id],
    "weights": open(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/model/weights.bin")).read(),
    "outputs": [o.model_id for o in run.outputs.model_outputs],
    "versions": [[v.run_id, v.source] for v in version],
    "by_version": mlflow.models.get_model_info(f"models:/{registered}/1").model_id,
}))
`;

(canStart('mlflow') ? describe : describe.skip)('what was logged is read back equal', () => {
  let server: SharedMlflow;
  let folder: string;
  const experiment = `read-back-${randomBytes(4).toString('hex')}`;
  const registered = `wine-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    server = await sharedMlflow();
    folder = mkdtempSync(join(tmpdir(), 'mortise-mlflow-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server?.stop();
  });

  const file = (path: string, text: string, type?: string): LoggedEvent & { kind: 'artifact' } => {
    const at = join(folder, randomBytes(4).toString('hex'));
    writeFileSync(at, text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return {
      kind: 'artifact',
      path,
      uri: pathToFileURL(at).href,
      sha256,
      size: Buffer.byteLength(text),
      ...(type !== undefined && { type }),
    };
  };
  const open = async (settings: object = {}): Promise<TrackerRun<MlflowRun>> =>
    (await trackerAt(server.url)).open(newIdentity(), startIn(experiment, { settings }), undefined, never);

  test('by its REST API and by its Python client', async () => {
    const start = startIn(experiment, { settings: { registerModel: registered } });
    const run = await (await trackerAt(server.url)).open(newIdentity(), start, undefined, never);
    const values = { loss: 0.1 + 0.2, 'val/loss': -1e-300, nan: Number.NaN, most: Infinity, 'précision :x': 2 ** 53 };
    const metrics = [0, 1, 5, 3].map((step) => ({ kind: 'metrics' as const, values, step }));
    const events = eventsOf([
      {
        kind: 'params',
        values: { lr: 0.1, layers: [1, 2], on: true, none: null, text: 'a "b"\n損失', empty: '', long: 'x'.repeat(6_000) },
      },
      { kind: 'tags', set: { kind: 'final', gone: 'x', 'a b': 'précision' } },
      { kind: 'tags', set: {}, remove: ['gone'] },
      ...metrics,
      { kind: 'note', markdown: '# good\n' + 'n'.repeat(7_000) },
      { kind: 'dataset', name: 'wine', digest: 'ab12', source: 'https://x.test/wine.csv', context: 'train' },
      { kind: 'dataset', name: 'cellar', digest: 'ab'.repeat(32), source: 's3://cellar/x' },
      { kind: 'json', name: 'matrix', mime: 'application/json', value: { rows: [[1, 2]] } },
      {
        kind: 'json',
        name: 'scores',
        mime: 'application/vnd.mortise.table+json',
        value: {
          columns: ['a', 'b'],
          data: [
            [1, 'x'],
            [2, 'ü'],
          ],
        },
      },
      { kind: 'json', name: 'curve', mime: 'application/vnd.plotly.v1+json', value: { data: [{ y: [1, 2] }] } },
      file('deep/er/notes.txt', 'in vino'),
      file('odd 5% ?é.txt', 'odd'),
      file('model/weights.bin', 'weights'),
      file('model/a/b.bin', 'more'),
      { kind: 'log', stream: 'out', text: 'hi' },
    ]);
    const { through, rejected, ref } = await run.deliver(events, never);
    expect({ through, rejected }).toEqual({ through: { w: events.length }, rejected: undefined });
    // Another process sends all of it again, and ends the run.
    const again = await (await trackerAt(server.url)).open(newIdentity(), start, JSON.parse(JSON.stringify(ref)) as TrackerRunRef, never);
    expect((await again.deliver(events, never)).rejected).toBeUndefined();
    const endedAt = start.startedAt + 30_000;
    await again.close({ status: 'completed' }, endedAt, never);
    await again.close({ status: 'completed' }, endedAt, never);

    const params = {
      ...{ lr: '0.1', layers: '[1,2]', on: 'true', none: 'null', text: 'a "b"\n損失', empty: '', long: 'x'.repeat(6_000) },
    };
    const { runId } = run.native;
    const told = JSON.parse(
      await python(READ_BACK, { MLFLOW_TRACKING_URI: server.url, RUN: runId, EXPERIMENT: experiment, REGISTERED: registered }),
    ) as Record<string, unknown>;
    const state = (await readRun(server.url, runId))!;
    for (const held of [state.params, told['params']]) expect(held).toEqual(params);
    for (const { kind, gone, 'a b': spaced, 'mlflow.note.content': note } of [state.tags, told['tags'] as Record<string, string>])
      expect({ kind, gone, spaced, note }).toEqual({
        kind: 'final',
        gone: undefined,
        spaced: 'précision',
        note: `# good\n${'n'.repeat(7_000)}`,
      });
    expect(told['info']).toEqual(['train', 'FINISHED', start.startedAt, endedAt]);
    expect(told['found']).toEqual([[runId, params]]);

    const points = (name: keyof typeof values, value: string) =>
      events.flatMap((event) => (event.kind === 'metrics' && name in event.values ? [[event.step, event.at, value]] : []));
    expect(told['history']).toEqual({
      loss: points('loss', '0.30000000000000004'),
      'val/loss': points('val/loss', '-1e-300'),
      nan: points('nan', 'nan'),
      // As MLflow keeps infinities; the tag says that they were.
      most: points('most', '1.7976931348623157e+308'),
      'précision :x': points('précision :x', '9007199254740992.0'),
    });
    expect(state.tags['mortise.infinite']).toBe('["most"]');
    const restPoints = state.metrics.filter(({ name }) => name === 'most').map(({ step, value }) => [step, value]);
    expect(restPoints.sort()).toEqual([0, 1, 3, 5].map((step) => [step, Infinity]));

    expect((told['datasets'] as unknown[][]).sort()).toEqual([
      ['cellar', 'ab'.repeat(18), { uri: 's3://cellar/x' }, [['mortise.digest', 'ab'.repeat(32)]]],
      ['wine', 'ab12', { url: 'https://x.test/wine.csv' }, [['mlflow.data.context', 'train']]],
    ]);
    expect(told['table']).toEqual({ a: [1, 2], b: ['x', 'ü'] });
    expect(JSON.parse(state.tags['mlflow.loggedArtifacts']!)).toEqual([{ path: 'scores.json', type: 'table' }]);
    expect(told['matrix']).toEqual({ rows: [[1, 2]] });
    expect(told['files']).toEqual(['curve.html', 'curve.json', 'deep', 'matrix.json', 'odd 5% ?é.txt', 'scores.json']);
    expect(told['notes']).toBe('in vino');
    expect(told['weights']).toBe('weights');
    for (const event of events) {
      if (event.kind !== 'artifact') continue;
      expect(state.artifacts[event.path]).toEqual({ sha256: event.sha256, size: event.size });
    }

    const [modelId] = told['model'] as string[];
    expect(told['model']).toEqual([modelId, runId, 'model', 'READY', runId]);
    expect(told['outputs']).toEqual([modelId]);
    expect(told['versions']).toEqual([[runId, `models:/${modelId}`]]);
    expect(told['by_version']).toBe(modelId);
    expect(state.tags['mortise.registered_model']).toBe(`${registered}/1`);
  });

  describe('a model', () => {
    let client: MlflowClient;
    beforeAll(() => void (client = new MlflowClient({ trackingUri: server.url })));
    const modelsOf = async (run: TrackerRun<MlflowRun>) => {
      const { experimentId, runId } = run.native;
      const { models } = await client.searchLoggedModels({ experimentIds: [experimentId], filter: `source_run_id = '${runId}'` });
      return models;
    };

    test('of a step that failed is there, and is not registered', async () => {
      const name = `${registered}-failed`;
      const run = await open({ registerModel: name });
      await run.deliver(eventsOf([file('model/weights.bin', 'x')]), never);
      expect((await modelsOf(run)).map(({ status }) => status)).toEqual(['LOGGED_MODEL_PENDING']);
      await run.close({ status: 'failed', error: { name: 'Error', message: 'no' } }, Date.now(), never);
      expect((await modelsOf(run)).map(({ status }) => status)).toEqual(['LOGGED_MODEL_READY']);
      expect(await client.getRegisteredModel(name)).toBeUndefined();
    });

    test('that was deleted at the server keeps its run from nothing: it ends, its other model is ready, and what is gone is told', async () => {
      const name = `${registered}-deleted`;
      const warnings: string[] = [];
      const tracker = await trackerAt(server.url, { warnings });
      const start = startIn(experiment, { settings: { registerModel: name } });
      const run = await tracker.open({ ...newIdentity(), stepId: 'train' }, start, undefined, never);
      await run.deliver(eventsOf([file('model/weights.bin', 'x'), file('other/weights.bin', 'x', 'model')]), never);
      const { modelId } = (await modelsOf(run)).find((model) => model.name === 'model')!;
      await fetch(`${server.url}/api/2.0/mlflow/logged-models/${modelId}`, { method: 'DELETE' });
      const ref = await run.close({ status: 'completed' }, Date.now(), never);
      await (await tracker.open(newIdentity(), start, ref, never)).close({ status: 'completed' }, Date.now(), never);
      expect((await modelsOf(run)).map((model) => `${model.name} ${model.status}`)).toEqual(['other LOGGED_MODEL_READY']);
      const { status, modelOutputs, tags } = (await client.getRun(run.ref.id!))!;
      expect({ status, outputs: modelOutputs.length, tag: tags['mortise.registered_model'] }).toEqual({
        ...{ status: 'FINISHED', outputs: 1, tag: 'not registered: its model "model" was deleted at MLflow' },
      });
      expect(await client.getRegisteredModel(name)).toBeUndefined();
      expect(warnings).toEqual([
        'the model "model" of "train" was deleted at MLflow, and is not brought back',
        `no model of "train" was registered at MLflow as "${name}": its model "model" was deleted at MLflow`,
      ]);
    });

    test('is one, and one version, whatever answers are lost', async () => {
      const name = `${registered}-lost`;
      const proxy = await startFaultyProxy(server.url);
      try {
        const tracker = await trackerAt(proxy.url);
        const run = await tracker.open(newIdentity(), startIn(experiment, { settings: { registerModel: name } }), undefined, never);
        const events = eventsOf([file('model/weights.bin', 'x')]);
        const losing = async (path: string | RegExp, method: string, call: () => Promise<unknown>) => {
          const fault = proxy.inject({ kind: 'lose-answer' }, { path, method });
          await expect(call()).rejects.toMatchObject({ code: 'TRANSIENT' });
          expect(fault.hits).toBe(1);
          fault.remove();
        };
        await losing(/logged-models$/, 'POST', () => run.deliver(events, never));
        await losing('/artifacts/weights.bin', 'PUT', () => run.deliver(events, never));
        await run.deliver(events, never);
        const close = () => run.close({ status: 'completed' }, Date.now(), never);
        await losing('/artifacts/MLmodel', 'PUT', close);
        await losing('mlflow/logged-models', 'PATCH', close);
        await losing('runs/outputs', 'POST', close);
        const lost = proxy.inject({ kind: 'lose-answer' }, { path: 'registered-models/create' });
        await losing('model-versions/create', 'POST', close);
        expect(lost.hits).toBe(1);
        await losing('runs/log-batch', 'POST', close);
        await losing('runs/update', 'POST', close);
        await close();
        const { status, modelOutputs, tags } = (await client.getRun(run.ref.id!))!;
        const { versions } = await client.searchModelVersions({ filter: `name = '${name}'` });
        expect({ status, outputs: modelOutputs.length, versions: versions.length, tag: tags['mortise.registered_model'] }).toEqual({
          ...{ status: 'FINISHED', outputs: 1, versions: 1, tag: `${name}/1` },
        });
        expect(await modelsOf(run)).toHaveLength(1);
      } finally {
        await proxy.stop();
      }
    });

    test('whose file comes after the end of its run is ready when that run is closed again', async () => {
      const run = await open();
      await run.deliver(eventsOf([file('model/weights.bin', 'x')]), never);
      const ref = await run.close({ status: 'completed' }, Date.now(), never);
      const again = await (await trackerAt(server.url)).open(newIdentity(), startIn(experiment), ref, never);
      await again.deliver(eventsOf([file('late/weights.bin', 'x', 'model')], 2), never);
      await again.close({ status: 'completed' }, Date.now(), never);
      expect((await modelsOf(run)).map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
        'late LOGGED_MODEL_READY',
        'model LOGGED_MODEL_READY',
      ]);
    });

    test('that the registry refuses does not keep its run from ending', async () => {
      const proxy = await startFaultyProxy(server.url);
      const warnings: string[] = [];
      try {
        const tracker = await trackerAt(proxy.url, { warnings });
        const run = await tracker.open(newIdentity(), startIn(experiment, { settings: { registerModel: 'wine' } }), undefined, never);
        await run.deliver(eventsOf([file('model/weights.bin', 'x')]), never);
        proxy.inject({ kind: 'answer', status: 403, body: 'Permission denied' }, { path: 'model-versions/create' });
        await run.close({ status: 'completed' }, Date.now(), never);
        const { status, tags } = (await client.getRun(run.ref.id!))!;
        expect({ status, tag: tags['mortise.registered_model'] }).toEqual({
          status: 'FINISHED',
          tag: expect.stringMatching(/^not registered: /),
        });
        expect(warnings).toEqual([expect.stringContaining('did not register the model as "wine"')]);
      } finally {
        await proxy.stop();
      }
    });

    test('that has a description of its own keeps it', async () => {
      const run = await open();
      await run.deliver(eventsOf([file('model/MLmodel', 'flavors: {python_function: {loader_module: x}}\n'), file('model/x', 'x')]), never);
      await run.close({ status: 'completed' }, Date.now(), never);
      const info = `import mlflow.models; print(list(mlflow.models.get_model_info("runs:/${run.native.runId}/model").flavors))`;
      expect((await python(info, { MLFLOW_TRACKING_URI: server.url })).trim()).toBe("['python_function']");
    });

    test('of several is registered that is called "model"; without one the run says that none is', async () => {
      const name = `${registered}-several`;
      const several = async (...paths: string[]) => {
        const run = await open({ registerModel: name });
        await run.deliver(eventsOf(paths.map((path) => file(path, path, 'model'))), never);
        await run.close({ status: 'completed' }, Date.now(), never);
        return (await client.getRun(run.ref.id!))!.tags['mortise.registered_model'];
      };
      expect(await several('a.bin', 'model.bin')).toBe(`${name}/1`);
      expect(await several('a.bin', 'b.bin')).toBe('not registered: of 2 models (a, b) none is called "model"');
      expect(await several('c.bin')).toBe(`${name}/2`);
      expect(await several()).toBe('not registered: it logged no model');
    });
  });

  test('where artifacts lie elsewhere, the run has references to them, and documents are refused with the reason', async () => {
    const client = new MlflowClient({ trackingUri: server.url });
    const name = `${experiment}-elsewhere`;
    await client.createExperiment(name, { artifactLocation: 's3://elsewhere/mlflow' });
    const warnings: string[] = [];
    const tracker = await trackerAt(server.url, { warnings });
    const run = await tracker.open(newIdentity(), startIn(name), undefined, never);
    const artifact = file('deep/notes.txt', 'in vino');
    const model = file('model/weights.bin', 'x');
    const events = eventsOf([artifact, model, { kind: 'json', name: 'matrix', mime: 'application/json', value: [] }]);
    const { rejected, through } = await run.deliver(events, never);
    await run.close({ status: 'completed' }, Date.now(), never);
    expect(through).toEqual({ w: 3 });
    expect(rejected).toEqual([
      { writer: 'w', seq: 3, why: expect.stringContaining('keeps the artifacts of the experiment at s3://elsewhere/mlflow') },
    ]);
    const { tags } = (await client.getRun(run.ref.id!))!;
    const { uri, sha256, size } = artifact;
    expect(JSON.parse(tags['mortise.artifact.deep/notes.txt']!)).toEqual({ uri, sha256, size });
    expect(JSON.parse(tags['mortise.artifact.model/weights.bin']!)).toMatchObject({ uri: model.uri });
    expect(warnings).toEqual([expect.stringContaining('s3://elsewhere/mlflow')]);
  });

  test('what cannot be uploaded is refused with the reason, and what follows it arrives', async () => {
    const readArtifact: ReadArtifact = async function* ({ uri }) {
      if (uri === 'x://gone') throw new ArtifactNotFound({ what: 'gone.txt' });
      if (uri === 'x://down') throw new Error('the store is down');
      yield new TextEncoder().encode('ab');
    };
    const run = await (await trackerAt(server.url)).open(newIdentity(), startIn(experiment, { readArtifact }), undefined, never);
    const artifact = (path: string, uri: string) => ({ kind: 'artifact' as const, path, uri, sha256: 'ab', size: 2 });
    const events = eventsOf([
      artifact('gone.txt', 'x://gone'),
      artifact('a#b.txt', 'x://odd'),
      { kind: 'json', name: '../up', mime: 'application/json', value: 1 },
      artifact('short.txt', 'x://short'),
      artifact('good.txt', 'x://good'),
      artifact('down.txt', 'x://down'),
      artifact('after.txt', 'x://after'),
    ]);
    events[3] = { ...artifact('short.txt', 'x://short'), size: 3, writer: 'w', seq: 4, at: 1 };
    const { through, rejected = [] } = await run.deliver(events, never);
    expect(rejected.map(({ seq, why }) => `${seq} ${why}`)).toEqual([
      expect.stringMatching(/^1 "gone.txt" was not uploaded: .* is not there/),
      expect.stringMatching(/^2 "a#b.txt" was not uploaded: .*#/),
      expect.stringMatching(/^3 "..\/up" is no path/),
      expect.stringMatching(/^4 "short.txt" was not uploaded: .*2 bytes instead of the 3/),
    ]);
    // Its store may come back: this one and what follows it come again.
    expect(through).toEqual({ w: 5 });
    await expect(run.deliver(events.slice(5), never)).rejects.toThrow('the store is down');
    expect(Object.keys((await readRun(server.url, run.ref.id!))!.artifacts)).toEqual(['good.txt']);
  });

  test('a large artifact is streamed', async () => {
    const size = 256 * 2 ** 20;
    const chunk = 2 ** 20;
    const before = heldBytes();
    let most = before;
    async function* bytes() {
      for (let sent = 0; sent < size; sent += chunk) {
        yield new Uint8Array(chunk);
        if (sent % (64 << 20) === 63 << 20) most = Math.max(most, heldBytes());
      }
    }
    const tracker = await trackerAt(server.url);
    const start = startIn(experiment, { readArtifact: () => bytes() });
    const streamed = await tracker.open(newIdentity(), start, undefined, never);
    await streamed.deliver(eventsOf([{ kind: 'artifact', path: 'zeros.bin', uri: 'x://zeros', sha256: 'ab', size }]), never);
    const { files } = await new MlflowClient({ trackingUri: server.url }).listArtifacts(streamed.ref.id!);
    expect(files).toEqual([{ path: 'zeros.bin', isDir: false, fileSize: size }]);
    expect(most - before).toBeLessThan(128 << 20);
  });
});
