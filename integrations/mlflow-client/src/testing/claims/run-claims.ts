import assert from 'node:assert/strict';

import { failsWith, type Claim } from './claim.ts';

export const runClaims: Claim[] = [
  {
    claim: 'a server says that it is well, and its version',
    async prove({ client }) {
      await client.health();
      assert.match(await client.version(), /^3\.\d+\.\d+$/);
    },
  },
  {
    claim: 'an experiment is found by its id and by its name, with its tags',
    async prove(place) {
      const name = place.name();
      const id = await place.client.createExperiment(name, { tags: { team: 'red' } });
      const found = await place.client.getExperimentByName(name);
      assert.deepEqual(found, await place.client.getExperiment(id));
      assert.equal(found?.experimentId, id);
      assert.equal(found.artifactLocation, `mlflow-artifacts:/${id}`);
      assert.deepEqual(found.tags, { team: 'red' });
      assert.ok(Math.abs((found.creationTime ?? 0) - Date.now()) < 60_000);
    },
  },
  {
    claim: 'an experiment that there is not is undefined, not an error',
    async prove(place) {
      assert.equal(await place.client.getExperiment('987654321'), undefined);
      assert.equal(await place.client.getExperimentByName(place.name()), undefined);
    },
  },
  {
    claim: 'a name that is taken is refused with 400, and the client says "exists" without the SQL in the answer',
    async prove(place) {
      const name = place.name();
      await place.client.createExperiment(name);
      const raw = await place.raw('POST', 'mlflow/experiments/create', { name });
      assert.equal(raw.status, 400);
      assert.match(raw.text, /\[SQL: INSERT/);
      const error = await failsWith('exists', place.client.createExperiment(name), /already exists/);
      assert.equal(error.status, 400);
      assert.equal(error.errorCode, 'RESOURCE_ALREADY_EXISTS');
    },
  },
  {
    claim: 'a deleted experiment keeps its name, and can be restored',
    async prove(place) {
      const name = place.name();
      const id = await place.client.createExperiment(name);
      await place.client.deleteExperiment(id);
      assert.equal((await place.client.getExperimentByName(name))?.lifecycleStage, 'deleted');
      await failsWith('exists', place.client.createExperiment(name));
      await failsWith('invalid', place.client.setExperimentTag(id, 'a', 'b'), /active/);
      await place.client.restoreExperiment(id);
      await place.client.setExperimentTag(id, 'a', 'b');
      assert.deepEqual((await place.client.getExperiment(id))?.tags, { a: 'b' });
    },
  },
  {
    claim: 'experiments are searched by name, and the server wants to be told how many',
    async prove(place) {
      assert.equal((await place.raw('POST', 'mlflow/experiments/search', {})).status, 400);
      assert.equal((await place.raw('POST', 'mlflow/experiments/search', { max_results: 50_001 })).status, 400);
      const name = place.name();
      const id = await place.client.createExperiment(name);
      const { experiments } = await place.client.searchExperiments({ filter: `name = '${name}'` });
      assert.deepEqual(
        experiments.map((one) => one.experimentId),
        [id],
      );
    },
  },
  {
    claim: 'a run is created with its start, name, user and tags, and read back',
    async prove(place) {
      const experimentId = await place.experiment();
      const given = {
        experimentId,
        startTime: 1_700_000_000_123,
        runName: 'first',
        userId: 'ada',
        tags: { 'mlflow.note.content': 'hello' },
      };
      const created = await place.client.createRun(given);
      const read = await place.client.getRun(created.runId);
      assert.ok(read !== undefined);
      assert.equal(read.status, 'RUNNING');
      assert.equal(read.startTime, 1_700_000_000_123);
      assert.equal(read.endTime, undefined);
      assert.equal(read.userId, 'ada');
      assert.equal(read.artifactUri, `mlflow-artifacts:/${experimentId}/${read.runId}/artifacts`);
      assert.deepEqual(read.tags, { 'mlflow.note.content': 'hello', 'mlflow.runName': 'first' });
      assert.deepEqual([read.metrics, read.params, read.datasets, read.modelOutputs], [[], {}, [], []]);
    },
  },
  {
    claim: 'a run without a name gets one that is made up, also as a tag',
    async prove(place) {
      const run = await place.client.createRun({ experimentId: await place.experiment(), startTime: 1 });
      assert.match(run.runName, /^[\w-]+$/);
      assert.equal(run.tags['mlflow.runName'], run.runName);
    },
  },
  {
    claim: 'the server takes a missing start for 1970; the client refuses it',
    async prove(place) {
      const experimentId = await place.experiment();
      const raw = await place.raw('POST', 'mlflow/runs/create', { experiment_id: experimentId });
      assert.equal((raw.json['run'] as { info: { start_time: number } }).info.start_time, 0);
      await failsWith('invalid', place.client.createRun({ experimentId } as never), /start of a run/);
    },
  },
  {
    claim: 'the server drops name and tags of a run whose start has decimals; the client refuses it',
    async prove(place) {
      const experimentId = await place.experiment();
      const asked = { experiment_id: experimentId, start_time: 1.5, run_name: 'lost', tags: [{ key: 'lost', value: '1' }] };
      const raw = await place.raw('POST', 'mlflow/runs/create', asked);
      assert.equal(raw.status, 200);
      assert.doesNotMatch(raw.text, /lost/);
      await failsWith('invalid', place.client.createRun({ experimentId, startTime: 1.5, runName: 'kept' }), /whole milliseconds/);
    },
  },
  {
    claim: 'a run in no experiment is refused with SQL, a broken body too; in one that there is not, with 404',
    async prove(place) {
      for (const body of [{}, '{bad']) {
        const raw = await place.raw('POST', 'mlflow/runs/create', body);
        assert.equal(raw.status, 400);
        assert.equal(raw.json['error_code'], 'BAD_REQUEST');
        assert.match(raw.text, /\[SQL: INSERT/);
      }
      await failsWith('invalid', place.client.createRun({ experimentId: '', startTime: 1 }), /FOREIGN KEY/);
      await failsWith('not-found', place.client.createRun({ experimentId: '987654321', startTime: 1 }), /No Experiment/);
    },
  },
  {
    claim: 'a run that there is not is undefined; what would change it fails with "not-found"',
    async prove({ client }) {
      const none = '0'.repeat(32);
      assert.equal(await client.getRun(none), undefined);
      await failsWith('not-found', client.updateRun(none, { status: 'FAILED' }), /not found/);
      await failsWith('not-found', client.setTag(none, 'a', 'b'));
      await failsWith('not-found', client.deleteTag(none, 'a'));
      await failsWith('not-found', client.listArtifacts(none));
    },
  },
  {
    claim: 'every status that there is is kept, also back to RUNNING',
    async prove(place) {
      const runId = await place.run();
      for (const status of ['SCHEDULED', 'FINISHED', 'FAILED', 'KILLED', 'RUNNING'] as const) {
        await place.client.updateRun(runId, { status, endTime: 5_000 });
        const run = await place.client.getRun(runId);
        assert.deepEqual([run?.status, run?.endTime], [status, 5_000]);
      }
    },
  },
  {
    claim: 'the server ignores a status that there is not, with 200; the client refuses it',
    async prove(place) {
      const runId = await place.run();
      const raw = await place.raw('POST', 'mlflow/runs/update', { run_id: runId, status: 'COMPLETED' });
      assert.equal(raw.status, 200);
      await failsWith('invalid', place.client.updateRun(runId, { status: 'COMPLETED' as never }), /"COMPLETED" is no status/);
      assert.equal((await place.client.getRun(runId))?.status, 'RUNNING');
    },
  },
  {
    claim: 'a run gets another name, but not an empty one: that the server ignores and the client refuses',
    async prove(place) {
      const runId = await place.run();
      await place.client.updateRun(runId, { runName: 'second' });
      assert.equal((await place.raw('POST', 'mlflow/runs/update', { run_id: runId, run_name: '' })).status, 200);
      const run = await place.client.getRun(runId);
      assert.deepEqual([run?.runName, run?.tags['mlflow.runName']], ['second', 'second']);
      await failsWith('invalid', place.client.updateRun(runId, { runName: '' }));
    },
  },
  {
    claim: 'a deleted run takes nothing until it is restored, and is found only by those who ask for deleted ones',
    async prove(place) {
      const runId = await place.run();
      const { experimentId } = (await place.client.getRun(runId))!;
      await place.client.deleteRun(runId);
      assert.equal((await place.client.getRun(runId))?.lifecycleStage, 'deleted');
      await failsWith('invalid', place.client.setTag(runId, 'a', 'b'), /active/);
      await failsWith('invalid', place.client.updateRun(runId, { status: 'FINISHED' }), /active/);
      assert.deepEqual((await place.client.searchRuns({ experimentIds: [experimentId] })).runs, []);
      assert.equal((await place.client.searchRuns({ experimentIds: [experimentId], runViewType: 'ALL' })).runs.length, 1);
      await place.client.restoreRun(runId);
      await place.client.setTag(runId, 'a', 'b');
    },
  },
  {
    claim: 'routes that there are not, and wrong methods, get pages',
    async prove(place) {
      for (const [method, path, status] of [
        ['GET', 'mlflow/experiments/list', 404],
        ['POST', 'mlflow/no/such', 404],
        ['GET', 'mlflow/runs/create', 405],
      ] as const) {
        const raw = await place.raw(method, path, method === 'POST' ? {} : undefined);
        assert.equal(raw.status, status, path);
        assert.match(raw.contentType, /^text\/html/);
      }
    },
  },
  {
    claim: 'a stranger who comes from another site is refused in plain text',
    async prove({ url }) {
      const headers = { 'content-type': 'application/json', origin: 'http://evil.example' };
      const response = await fetch(`${url}/api/2.0/mlflow/experiments/search`, { method: 'POST', headers, body: '{"max_results":1}' });
      assert.equal(response.status, 403);
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
      assert.equal(await response.text(), 'Cross-origin request blocked');
    },
  },
];
