import assert from 'node:assert/strict';

import { failsWith, point, type Claim } from './claim.ts';

export const modelClaims: Claim[] = [
  {
    claim: 'a dataset is an input of its run; logged again with another context it keeps the first',
    async prove(place) {
      const runId = await place.run();
      const wine = {
        name: 'wine',
        digest: 'abc123',
        sourceType: 'local',
        source: '{"uri":"wine.csv"}',
        schema: '{}',
        profile: '{"rows":3}',
      };
      await place.client.logInputs(runId, [{ ...wine, context: 'training', tags: { version: '7' } }]);
      await place.client.logInputs(runId, [{ ...wine, context: 'validation' }]);
      assert.deepEqual((await place.client.getRun(runId))?.datasets, [{ ...wine, context: 'training', tags: { version: '7' } }]);
      await failsWith('invalid', place.client.logInputs(runId, [{ ...wine, digest: 'x'.repeat(37) }]), /digest/);
    },
  },
  {
    claim: 'a dataset without a name or a digest, as other clients may log it, does not keep its run from being read',
    async prove(place) {
      const runId = await place.run();
      for (const dataset of [{ name: '', digest: '', source_type: 'local', source: '{}' }, { digest: 'd' }])
        assert.equal((await place.raw('POST', 'mlflow/runs/log-inputs', { run_id: runId, datasets: [{ dataset }] })).status, 200);
      const read = (await place.client.getRun(runId))!.datasets.sort((a, b) => a.digest.length - b.digest.length);
      assert.deepEqual(read, [
        { name: '', digest: '', sourceType: 'local', source: '{}' },
        { name: '', digest: 'd', sourceType: '', source: '' },
      ]);
    },
  },
  {
    claim: 'a logged model is pending until it is ready, and read back with its params and tags',
    async prove(place) {
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      const given = { experimentId, name: 'wine', sourceRunId: runId, modelType: 'forest', params: { depth: '3' }, tags: { team: 'red' } };
      const created = await place.client.createLoggedModel(given);
      assert.match(created.modelId, /^m-[0-9a-f]{32}$/);
      assert.equal(created.status, 'LOGGED_MODEL_PENDING');
      assert.equal(created.artifactUri, `mlflow-artifacts:/${experimentId}/models/${created.modelId}/artifacts`);
      assert.equal((await place.client.finalizeLoggedModel(created.modelId, 'LOGGED_MODEL_READY')).status, 'LOGGED_MODEL_READY');
      const { modelId, creationTime, lastUpdateTime, artifactUri, ...read } = (await place.client.getLoggedModel(created.modelId))!;
      assert.deepEqual(read, { ...given, status: 'LOGGED_MODEL_READY', metrics: [] });
      assert.equal(
        (await place.client.searchLoggedModels({ experimentIds: [experimentId], filter: "name = 'wine'" })).models[0]?.modelId,
        modelId,
      );
      assert.deepEqual(await place.client.searchLoggedModels({ experimentIds: ['987654321'] }), { models: [] });
      assert.equal(await place.client.getLoggedModel(`m-${'0'.repeat(32)}`), undefined);
      assert.ok(lastUpdateTime >= creationTime && artifactUri !== '');
    },
  },
  {
    claim: 'the server takes a status of a model that there is not for none; the client refuses it',
    async prove(place) {
      const { modelId } = await place.client.createLoggedModel({ experimentId: await place.experiment() });
      const raw = await place.raw('PATCH', `mlflow/logged-models/${modelId}`, { model_id: modelId, status: 'READY' });
      assert.equal(raw.status, 200);
      assert.match(raw.text, /LOGGED_MODEL_STATUS_UNSPECIFIED/);
      await failsWith('invalid', place.client.finalizeLoggedModel(modelId, 'READY' as never), /ends as LOGGED_MODEL_READY/);
    },
  },
  {
    claim: 'a metric of a model and its dataset is read back at the model, and at the run',
    async prove(place) {
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      const { modelId } = await place.client.createLoggedModel({ experimentId, sourceRunId: runId });
      await place.client.logMetric(runId, { ...point('acc', 0.5), modelId, datasetName: 'wine', datasetDigest: 'abc' });
      const { metrics } = (await place.client.getLoggedModel(modelId))!;
      assert.deepEqual(
        metrics.map(({ key, value, datasetName, datasetDigest }) => [key, value, datasetName, datasetDigest]),
        [['acc', 0.5, 'wine', 'abc']],
      );
      assert.deepEqual(
        (await place.client.getRun(runId))?.metrics.map(({ key, value }) => [key, value]),
        [['acc', 0.5]],
      );
    },
  },
  {
    claim: 'the server refuses an output that a run has, with SQL; the client takes it for done, and adds the new ones',
    async prove(place) {
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      const [first, second] = await Promise.all([
        place.client.createLoggedModel({ experimentId }),
        place.client.createLoggedModel({ experimentId }),
      ]);
      await place.client.logOutputs(runId, [{ modelId: first.modelId, step: 2 }]);
      const raw = await place.raw('POST', 'mlflow/runs/outputs', { run_id: runId, models: [{ model_id: first.modelId, step: 2 }] });
      assert.deepEqual([raw.status, raw.json['error_code']], [400, 'BAD_REQUEST']);
      await place.client.logOutputs(runId, [{ modelId: first.modelId, step: 2 }, { modelId: second.modelId }]);
      const outputs = (await place.client.getRun(runId))!.modelOutputs;
      assert.deepEqual(
        new Map(outputs.map(({ modelId, step }) => [modelId, step])),
        new Map([
          [first.modelId, 2],
          [second.modelId, 0],
        ]),
      );
    },
  },
  {
    claim: 'versions of a registered model are counted, found, and carry aliases that move',
    async prove(place) {
      const name = place.name();
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      const { modelId } = await place.client.createLoggedModel({ experimentId, sourceRunId: runId });
      await place.client.createRegisteredModel(name, { tags: { team: 'red' }, description: 'Wines' });
      await failsWith('exists', place.client.createRegisteredModel(name), /already exists/);
      const first = await place.client.createModelVersion({
        name,
        source: `models:/${modelId}`,
        modelId,
        tags: { a: 'b' },
        description: 'One',
      });
      assert.deepEqual(
        [first.version, first.source, first.runId, first.status, first.tags],
        ['1', `models:/${modelId}`, runId, 'READY', { a: 'b' }],
      );
      const ofModel = (await place.client.getLoggedModel(modelId))!.tags['mlflow.modelVersions'];
      assert.deepEqual(JSON.parse(ofModel!), [{ name, version: 1 }]);
      const source = `${(await place.client.getRun(runId))!.artifactUri}/model`;
      assert.equal((await place.client.createModelVersion({ name, source, runId })).version, '2');
      await place.client.setRegisteredModelAlias(name, 'champion', '1');
      await place.client.setRegisteredModelAlias(name, 'champion', '2');
      assert.equal((await place.client.getModelVersionByAlias(name, 'champion'))?.version, '2');
      const { tags, description, aliases } = (await place.client.getRegisteredModel(name))!;
      assert.deepEqual([tags, description, aliases], [{ team: 'red' }, 'Wines', { champion: '2' }]);
      assert.deepEqual((await place.client.getModelVersion(name, '2'))?.aliases, ['champion']);
      const { versions, nextPageToken } = await place.client.searchModelVersions({ filter: `name = '${name}'`, maxResults: 1 });
      assert.deepEqual([versions.length, typeof nextPageToken], [1, 'string']);
    },
  },
  {
    claim: 'models, versions and aliases that there are not are undefined; deleting an alias twice is fine',
    async prove(place) {
      const name = place.name();
      assert.equal(await place.client.getRegisteredModel(name), undefined);
      assert.equal(await place.client.getModelVersion(name, '1'), undefined);
      assert.deepEqual(await place.client.searchModelVersions({ filter: `name = '${name}'` }), { versions: [] });
      await place.client.createRegisteredModel(name);
      assert.deepEqual((await place.client.getRegisteredModel(name))?.aliases, {});
      const raw = await place.raw('GET', `mlflow/registered-models/alias?name=${name}&alias=none`);
      assert.deepEqual([raw.status, raw.json['error_code']], [400, 'INVALID_PARAMETER_VALUE']);
      assert.equal(await place.client.getModelVersionByAlias(name, 'none'), undefined);
      await failsWith('not-found', place.client.setRegisteredModelAlias(name, 'champion', '7'));
      await failsWith('invalid', place.client.setRegisteredModelAlias(name, 'latest', '1'), /reserved/);
      await place.client.deleteRegisteredModelAlias(name, 'none');
      await place.client.deleteRegisteredModelAlias(name, 'none');
      await failsWith('invalid', place.client.createModelVersion({ name, source: 'runs:/x/y' }), /run_id/);
    },
  },
];
