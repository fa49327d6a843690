import assert from 'node:assert/strict';

import type { MlflowClient } from '../../mlflow-client.ts';
import { bytesOf, collect, failsWith, point, type Claim } from './claim.ts';

/** An emoji that was cut in its middle, as `slice` cuts. */
const CUT = 'red 🍷'.slice(0, 5);

/** Every call that sends text, with the cut one in one of its places. */
const calls: Record<string, (client: MlflowClient, ids: { runId: string; experimentId: string }) => Promise<unknown>> = {
  'name of an experiment': (client) => client.createExperiment(CUT),
  'tag of an experiment': (client) => client.createExperiment('fine', { tags: { a: CUT } }),
  'location of an experiment': (client) => client.createExperiment('fine', { artifactLocation: CUT }),
  'tag to set of an experiment': (client, { experimentId }) => client.setExperimentTag(experimentId, 'a', CUT),
  'experiment to find': (client) => client.getExperimentByName(CUT),
  'filter of experiments': (client) => client.searchExperiments({ filter: `name = '${CUT}'` }),
  'name of a run': (client, { experimentId }) => client.createRun({ experimentId, startTime: 1, runName: CUT }),
  'user of a run': (client, { experimentId }) => client.createRun({ experimentId, startTime: 1, userId: CUT }),
  'tag of a run': (client, { experimentId }) => client.createRun({ experimentId, startTime: 1, tags: { a: CUT } }),
  'new name of a run': (client, { runId }) => client.updateRun(runId, { runName: CUT }),
  'run to find': (client) => client.getRun(CUT),
  'filter of runs': (client, { experimentId }) => client.searchRuns({ experimentIds: [experimentId], filter: `tags.a = '${CUT}'` }),
  'order of runs': (client, { experimentId }) => client.searchRuns({ experimentIds: [experimentId], orderBy: ['run_name', CUT] }),
  'key of a metric': (client, { runId }) => client.logMetric(runId, point(CUT, 1)),
  'dataset of a metric': (client, { runId }) => client.logMetric(runId, { ...point('m', 1), datasetName: CUT, datasetDigest: 'd' }),
  'key of a param': (client, { runId }) => client.logParam(runId, CUT, '1'),
  param: (client, { runId }) => client.logParam(runId, 'p', CUT),
  'key of a tag': (client, { runId }) => client.setTag(runId, CUT, '1'),
  tag: (client, { runId }) => client.setTag(runId, 't', CUT),
  'tag to delete': (client, { runId }) => client.deleteTag(runId, CUT),
  'run of a batch': (client) => client.setTag(CUT, 't', '1'),
  'metric to read': (client, { runId }) => client.getMetricHistory(runId, CUT),
  'metric to read whole': (client, { runId }) => collect(client.metricHistory(runId, CUT)),
  dataset: (client, { runId }) => client.logInputs(runId, [{ name: CUT, digest: 'd', sourceType: 'local', source: '{}' }]),
  'context of a dataset': (client, { runId }) =>
    client.logInputs(runId, [{ name: 'wine', digest: 'd', sourceType: 'local', source: '{}', context: CUT }]),
  output: (client, { runId }) => client.logOutputs(runId, [{ modelId: CUT }]),
  'name of a model': (client, { experimentId }) => client.createLoggedModel({ experimentId, name: CUT }),
  'param of a model': (client, { experimentId }) => client.createLoggedModel({ experimentId, params: { [CUT]: '1' } }),
  'model to find': (client) => client.getLoggedModel(CUT),
  'model to finalize': (client) => client.finalizeLoggedModel(CUT, 'LOGGED_MODEL_READY'),
  'filter of models': (client, { experimentId }) => client.searchLoggedModels({ experimentIds: [experimentId], filter: CUT }),
  'name of a registered model': (client) => client.createRegisteredModel(CUT),
  'description of a registered model': (client) => client.createRegisteredModel('fine', { description: CUT }),
  'registered model to find': (client) => client.getRegisteredModel(CUT),
  'source of a version': (client) => client.createModelVersion({ name: 'fine', source: CUT }),
  alias: (client) => client.setRegisteredModelAlias('fine', CUT, '1'),
  'alias to delete': (client) => client.deleteRegisteredModelAlias('fine', CUT),
  'alias to find': (client) => client.getModelVersionByAlias('fine', CUT),
  'filter of versions': (client) => client.searchModelVersions({ filter: `name = '${CUT}'` }),
  'folder of a run': (client, { runId }) => client.listArtifacts(runId, CUT),
  'artifact to write': (client) => client.artifacts.put(`0/${CUT}`, Buffer.from('x')),
  'artifact to read': (client) => bytesOf(client.artifacts.get(`0/${CUT}`)),
  'artifact to look at': (client) => client.artifacts.stat(`0/${CUT}`),
  'folder of artifacts': (client) => client.artifacts.list(CUT),
  'artifact to delete': (client) => client.artifacts.delete(`0/${CUT}`),
};

export const textClaims: Claim[] = [
  {
    claim: 'text that is cut inside an emoji makes the server drop it and all that follows in the batch, with 200; the client refuses it',
    async prove(place) {
      const runId = await place.run();
      const batch = {
        tags: [
          { key: 'before', value: '1' },
          { key: 'cut', value: CUT },
          { key: 'after', value: '2' },
        ],
        params: [{ key: 'p', value: 'x' }],
        metrics: Array.from({ length: 50 }, (_, step) => point('loss', step, { step, timestamp: step })),
      };
      const raw = await place.raw('POST', 'mlflow/runs/log-batch', { run_id: runId, ...batch });
      assert.deepEqual([raw.status, raw.json], [200, {}]);
      const { tags, params, metrics } = (await place.client.getRun(runId))!;
      assert.deepEqual([tags['before'], tags['cut'], tags['after'], params, metrics], ['1', '', undefined, {}, []]);

      const other = await place.run();
      const says = /^runs\/log-batch was not sent: tags\["cut"\]\.value has half of a character \(\\ud83c at 4\)/;
      await failsWith('invalid', place.client.logBatch(other, batch), says);
      assert.deepEqual((await place.client.getRun(other))?.tags['before'], undefined);
    },
  },
  {
    claim: 'a batch that is too large for one request is refused as a whole for one such text at its end',
    async prove(place) {
      const runId = await place.run();
      const metrics = Array.from({ length: 2_000 }, (_, at) => point(at === 1_999 ? CUT : 'm', at, { timestamp: at, step: at }));
      await failsWith('invalid', place.client.logBatch(runId, { metrics }), /metrics\[1999\]\.key has half of a character/);
      assert.deepEqual((await place.client.getRun(runId))?.metrics, []);
    },
  },
  {
    claim: 'other calls lose what follows it, too: a run its name and tags, a new status its end, a search its filter',
    async prove(place) {
      const experimentId = await place.experiment();
      const asked = { experiment_id: experimentId, start_time: 5, run_name: CUT, tags: [{ key: 'lost', value: '1' }] };
      const created = await place.raw('POST', 'mlflow/runs/create', asked);
      assert.equal(created.status, 200);
      const { info, data } = created.json['run'] as { info: Record<string, unknown>; data: Record<string, unknown> };
      assert.doesNotMatch(String(info['run_name']), /^red /);
      assert.doesNotMatch(JSON.stringify(data), /lost/);
      const { runs } = await place.client.searchRuns({ experimentIds: [experimentId] });
      const runId = runs[0]!.runId;
      const update = { run_id: runId, run_name: CUT, status: 'FINISHED', end_time: 9 };
      assert.equal((await place.raw('POST', 'mlflow/runs/update', update)).status, 200);
      assert.equal((await place.client.getRun(runId))?.status, 'RUNNING');
      const search = { experiment_ids: [experimentId, CUT], filter: "tags.a = 'nowhere'" };
      assert.equal(((await place.raw('POST', 'mlflow/runs/search', search)).json['runs'] as unknown[]).length, 1);
    },
  },
  {
    claim: 'where it leaves a key or a name empty, the server refuses that',
    async prove(place) {
      const runId = await place.run();
      for (const lists of [{ tags: [{ key: CUT, value: '1' }] }, { metrics: [point(CUT, 1)] }])
        assert.equal((await place.raw('POST', 'mlflow/runs/log-batch', { run_id: runId, ...lists })).status, 400);
      assert.equal((await place.raw('POST', 'mlflow/experiments/create', { name: CUT })).status, 400);
      assert.equal((await place.raw('POST', 'mlflow/registered-models/create', { name: CUT })).status, 400);
    },
  },
  {
    claim: 'no call of the client sends it: each refuses it in one line that names it',
    async prove(place) {
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      for (const [what, call] of Object.entries(calls)) {
        const error = await failsWith('invalid', call(place.client, { runId, experimentId }), /has half of a character \(\\ud83c at \d+\)/);
        assert.equal(error.status, undefined, what);
        assert.ok(error.message.isWellFormed(), what);
      }
    },
  },
  {
    claim: 'a whole emoji is taken like every other text, wherever one is taken',
    async prove(place) {
      const name = `${place.name()} 🍷`;
      const experimentId = await place.client.createExperiment(name);
      assert.equal((await place.client.getExperimentByName(name))?.experimentId, experimentId);
      const run = await place.client.createRun({ experimentId, startTime: 1, runName: '🍷', tags: { glass: '🍷' } });
      await place.client.logParam(run.runId, 'p', '🍷');
      const path = `${experimentId}/${run.runId}/artifacts/🍷.txt`;
      await place.client.artifacts.put(path, Buffer.from('x'));
      const { runs } = await place.client.searchRuns({ experimentIds: [experimentId], filter: "tags.glass = '🍷'" });
      assert.deepEqual([runs[0]?.runName, runs[0]?.params, runs[0]?.tags['glass']], ['🍷', { p: '🍷' }, '🍷']);
      assert.equal((await bytesOf(place.client.artifacts.get(path))).toString(), 'x');
    },
  },
];
