import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, python, sharedMlflow, type SharedMlflow } from '@mortise/test-servers';

import { MlflowClient, type Run } from './index.ts';
import { Place } from './testing/claims/claim.ts';

/** Prints what MLflow's own client says of a run; NaN and infinities as Python writes them. */
const READ = `
import json, os
import mlflow
from mlflow import MlflowClient

run_id, experiment_id = os.environ['RUN_ID'], os.environ['EXPERIMENT_ID']
client = MlflowClient()
run = mlflow.get_run(run_id)
[found] = mlflow.search_runs([experiment_id], filter_string="tags.\`mortise.key\` = 'abc'", output_format='list')
[table] = mlflow.search_runs([experiment_id]).to_dict('records')
model = mlflow.get_logged_model(os.environ['MODEL_ID'])
version = client.get_model_version_by_alias(os.environ['MODEL_NAME'], 'champion')
print(json.dumps({
    'info': [run.info.run_name, run.info.status, run.info.start_time, run.info.end_time, run.info.user_id],
    'params': run.data.params,
    'tags': run.data.tags,
    'metrics': {key: repr(value) for key, value in run.data.metrics.items()},
    'found': found.info.run_id,
    'column': table['params.lr'],
    'history': [[repr(m.value), m.timestamp, m.step] for m in client.get_metric_history(run_id, 'loss')],
    'points': [[m.value, m.timestamp, m.step] for m in client.get_metric_history(run_id, 'curve')],
    'datasets': [[d.dataset.name, d.dataset.digest, [[t.key, t.value] for t in d.tags]] for d in run.inputs.dataset_inputs],
    'outputs': [[o.model_id, o.step] for o in run.outputs.model_outputs],
    'model': [model.name, str(model.status), model.params, model.tags],
    'version': [version.version, version.source, version.tags],
    'artifact': mlflow.artifacts.load_text(run.info.artifact_uri + '/notes/a b.txt'),
    'artifacts': [f.path for f in client.list_artifacts(run_id, 'notes')],
}))
`;

/** Writes as a Python script does that a step spawns, and reads nothing. */
const WRITE = `
import math, os
import mlflow

with mlflow.start_run(run_id=os.environ['RUN_ID']):
    mlflow.log_metric('from_python', math.nan, step=1, timestamp=1)
    mlflow.log_metric('from_python', math.inf, step=2, timestamp=2)
    mlflow.log_param('python', 'yes')
    mlflow.log_text('hello', 'python.txt')
`;

(canStart('mlflow') ? describe : describe.skip)('what the client writes', () => {
  let server: SharedMlflow;
  let client: MlflowClient;
  let run: Run;
  beforeAll(async () => {
    server = await sharedMlflow();
    client = new MlflowClient({ trackingUri: server.url });
    const experimentId = await new Place(server.url).experiment();
    const startTime = 1_700_000_000_123;
    run = await client.createRun({ experimentId, startTime, runName: 'first', userId: 'ada', tags: { 'mortise.key': 'abc' } });
  });
  afterAll(() => server?.stop());

  test('MLflow’s own Python client reads back equal', async () => {
    const { runId, experimentId } = run;
    const curve = Array.from({ length: 2_500 }, (_, at) => ({ key: 'curve', value: at / 3, timestamp: at, step: at }));
    const loss = [NaN, 0.1, Infinity, -Infinity].map((value, at) => ({ key: 'loss', value, timestamp: at, step: at }));
    const params = Array.from({ length: 250 }, (_, at) => ({ key: `p${at}`, value: `värde ${at}` }));
    await client.logBatch(runId, {
      metrics: [...curve, ...loss],
      params: [...params, { key: 'lr', value: '0.1' }],
      tags: [{ key: 't', value: 'ü' }],
    });
    await client.logInputs(runId, [
      { name: 'wine', digest: 'abc', sourceType: 'local', source: '{"uri":"wine.csv"}', context: 'training' },
    ]);
    const model = await client.createLoggedModel({
      experimentId,
      name: 'forest',
      sourceRunId: runId,
      params: { depth: '3' },
      tags: { team: 'red' },
    });
    await client.finalizeLoggedModel(model.modelId, 'LOGGED_MODEL_READY');
    await client.logOutputs(runId, [{ modelId: model.modelId, step: 7 }]);
    const name = new Place(server.url).name();
    await client.createRegisteredModel(name);
    await client.createModelVersion({ name, source: `models:/${model.modelId}`, modelId: model.modelId, runId, tags: { a: 'b' } });
    await client.setRegisteredModelAlias(name, 'champion', '1');
    await client.artifacts.put(`${experimentId}/${runId}/artifacts/notes/a b.txt`, Buffer.from('grüße'));
    await client.updateRun(runId, { status: 'FINISHED', endTime: 1_700_000_009_999 });

    const env = { MLFLOW_TRACKING_URI: server.url, RUN_ID: runId, EXPERIMENT_ID: experimentId, MODEL_ID: model.modelId, MODEL_NAME: name };
    const read = JSON.parse((await python(READ, env)).trim().split('\n').at(-1)!) as Record<string, unknown>;
    expect(read).toEqual({
      info: ['first', 'FINISHED', 1_700_000_000_123, 1_700_000_009_999, 'ada'],
      params: { lr: '0.1', ...Object.fromEntries(params.map(({ key, value }) => [key, value])) },
      tags: { 'mortise.key': 'abc', 'mlflow.runName': 'first', t: 'ü' },
      metrics: { curve: '833.0', loss: '-1.7976931348623157e+308' },
      found: runId,
      column: '0.1',
      history: [
        ['nan', 0, 0],
        ['0.1', 1, 1],
        ['1.7976931348623157e+308', 2, 2],
        ['-1.7976931348623157e+308', 3, 3],
      ],
      points: curve.map(({ value, timestamp, step }) => [value, timestamp, step]),
      datasets: [['wine', 'abc', [['mlflow.data.context', 'training']]]],
      outputs: [[model.modelId, 7]],
      // The server adds the versions that are of a model.
      model: ['forest', 'READY', { depth: '3' }, { team: 'red', 'mlflow.modelVersions': `[{"name": "${name}", "version": 1}]` }],
      version: ['1', `models:/${model.modelId}`, { a: 'b' }],
      artifact: 'grüße',
      artifacts: ['notes/a b.txt'],
    });
  });

  test('and what Python writes into the same run, the client reads', async () => {
    const { runId, experimentId } = run;
    await python(WRITE, { MLFLOW_TRACKING_URI: server.url, RUN_ID: runId });
    const { points } = await client.getMetricHistory(runId, 'from_python');
    expect(points.map(({ value, timestamp, step }) => [value, timestamp, step])).toEqual([
      [NaN, 1, 1],
      [Infinity, 2, 2],
    ]);
    expect((await client.getRun(runId))?.params['python']).toBe('yes');
    expect((await client.artifacts.stat(`${experimentId}/${runId}/artifacts/python.txt`))?.size).toBe(5);
  });
});
