import assert from 'node:assert/strict';

import { collect, failsWith, point, type Claim } from './claim.ts';

const pairs = (count: number, prefix: string) => Array.from({ length: count }, (_, at) => ({ key: `${prefix}${at}`, value: `${at}` }));
const points = (count: number) => Array.from({ length: count }, (_, at) => point('m', at / 8, { timestamp: at, step: at }));

export const batchClaims: Claim[] = [
  {
    claim: 'one call with 2,500 metrics, 250 params and 150 tags stores them all',
    async prove(place) {
      const runId = await place.run();
      await place.client.logBatch(runId, { metrics: points(2_500), params: pairs(250, 'p'), tags: pairs(150, 't') });
      const run = await place.client.getRun(runId);
      assert.deepEqual(run?.params, Object.fromEntries(pairs(250, 'p').map(({ key, value }) => [key, value])));
      assert.equal(Object.keys(run.tags).filter((key) => /^t\d/.test(key)).length, 150);
      assert.deepEqual(await collect(place.client.metricHistory(runId, 'm')), points(2_500));
    },
  },
  {
    claim: 'a request takes 1,000 metrics, 100 params, 100 tags, and 1,000 in all',
    async prove(place) {
      const runId = await place.run();
      for (const lists of [
        { metrics: points(1_001) },
        { params: pairs(101, 'p') },
        { tags: pairs(101, 't') },
        { metrics: points(950), params: pairs(51, 'p') },
      ]) {
        const raw = await place.raw('POST', 'mlflow/runs/log-batch', { run_id: runId, ...lists });
        assert.equal(raw.status, 400);
        assert.match(raw.text, /can contain at most/);
      }
      const most = { metrics: points(800), params: pairs(100, 'p'), tags: pairs(100, 't') };
      assert.equal((await place.raw('POST', 'mlflow/runs/log-batch', { run_id: runId, ...most })).status, 200);
    },
  },
  {
    claim: 'a batch is stored as a whole or not at all',
    async prove(place) {
      const runId = await place.run();
      await place.client.logParam(runId, 'p', '1');
      const batch = { metrics: [point('m', 1)], params: [{ key: 'p', value: '2' }], tags: [{ key: 't', value: '1' }] };
      await failsWith('invalid', place.client.logBatch(runId, batch), /Changing param values is not allowed/);
      const run = await place.client.getRun(runId);
      assert.deepEqual([run?.metrics, run?.params, run?.tags['t']], [[], { p: '1' }, undefined]);
    },
  },
  {
    claim: 'a param takes the value that it has again, no other one, and an error names it in a few words',
    async prove(place) {
      const runId = await place.run();
      await place.client.logParam(runId, 'p', 'x'.repeat(6_000));
      await place.client.logParam(runId, 'p', 'x'.repeat(6_000));
      const error = await failsWith('invalid', place.client.logParam(runId, 'p', 'y'), /'key': 'p'/);
      assert.ok(error.message.length < 600);
    },
  },
  {
    claim: 'the server refuses a param twice in one batch; the client sends it once, or refuses it if it has two values',
    async prove(place) {
      const runId = await place.run();
      assert.equal((await place.batch(runId, '"params":[{"key":"p","value":"1"},{"key":"p","value":"1"}]')).status, 400);
      const twice = (second: string) => ({ params: [{ key: 'p', value: '1' }, ...pairs(120, 'q'), { key: 'p', value: second }] });
      await failsWith('invalid', place.client.logBatch(runId, twice('2')), /Param "p" is given twice/);
      assert.deepEqual((await place.client.getRun(runId))?.params, {});
      await place.client.logBatch(runId, twice('1'));
      assert.equal((await place.client.getRun(runId))?.params['p'], '1');
    },
  },
  {
    claim: 'a tag takes another value, the last of a batch, also the empty one',
    async prove(place) {
      const runId = await place.run();
      await place.client.logBatch(runId, {
        tags: [
          { key: 't', value: '1' },
          { key: 't', value: '2' },
        ],
      });
      assert.equal((await place.client.getRun(runId))?.tags['t'], '2');
      await place.client.setTag(runId, 't', '');
      assert.equal((await place.client.getRun(runId))?.tags['t'], '');
    },
  },
  {
    claim: 'a tag is deleted; one that there is not gets 404, which the client takes for done',
    async prove(place) {
      const runId = await place.run();
      await place.client.setTag(runId, 't', '1');
      await place.client.deleteTag(runId, 't');
      assert.equal((await place.raw('POST', 'mlflow/runs/delete-tag', { run_id: runId, key: 't' })).status, 404);
      await place.client.deleteTag(runId, 't');
      assert.equal((await place.client.getRun(runId))?.tags['t'], undefined);
    },
  },
  {
    claim:
      'the server cuts a param at 6,000 and a tag at 8,000 characters, with 200; the client refuses longer ones, and names them and the limit',
    async prove(place) {
      const runId = await place.run();
      const long = `"params":[{"key":"p","value":"${'é'.repeat(6_001)}"}],"tags":[{"key":"t","value":"${'é'.repeat(8_001)}"}]`;
      assert.equal((await place.batch(runId, long)).status, 200);
      const run = await place.client.getRun(runId);
      assert.deepEqual([run?.params['p']?.length, run?.tags['t']?.length], [6_000, 8_000]);
      await failsWith('invalid', place.client.logParam(runId, 'q', 'x'.repeat(6_001)), /Param "q" has 6001 characters, MLflow keeps 6000/);
      await failsWith('invalid', place.client.setTag(runId, 'u', 'x'.repeat(8_001)), /Tag "u" has 8001 characters, MLflow keeps 8000/);
      const experimentId = run!.experimentId;
      await failsWith('invalid', place.client.createRun({ experimentId, startTime: 1, tags: { u: 'x'.repeat(8_001) } }), /Tag "u"/);
      assert.deepEqual(Object.keys((await place.client.getRun(runId))!.params), ['p']);
    },
  },
  {
    claim: 'characters are counted as a person does: 6,000 of those that JavaScript counts twice are kept whole',
    async prove(place) {
      const runId = await place.run();
      await place.client.logParam(runId, 'p', '🎈'.repeat(6_000));
      assert.equal((await place.client.getRun(runId))?.params['p'], '🎈'.repeat(6_000));
      await failsWith('invalid', place.client.logParam(runId, 'q', '🎈'.repeat(6_001)), /6001 characters/);
    },
  },
  {
    claim: 'a number as a param is dropped by a batch, with 200; the client refuses it',
    async prove(place) {
      const runId = await place.run();
      assert.equal((await place.batch(runId, '"params":[{"key":"p","value":3},{"key":"q","value":"4"}]')).status, 200);
      assert.equal((await place.client.getRun(runId))?.params['q'], undefined);
      assert.equal((await place.raw('POST', 'mlflow/runs/log-parameter', { run_id: runId, key: 'r', value: 3 })).status, 400);
      await failsWith('invalid', place.client.logParam(runId, 'r', 3 as never), /Param "r" has a value that is no text: 3/);
    },
  },
];
