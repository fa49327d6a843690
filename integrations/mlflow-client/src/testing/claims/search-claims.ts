import assert from 'node:assert/strict';

import { failsWith, point, type Claim, type Place } from './claim.ts';

/** Three runs, `a` to `c`, the last of which started last. */
async function threeRuns(place: Place): Promise<string> {
  const { client } = place;
  const experimentId = await place.experiment();
  for (const [at, runName] of ['a', 'b', 'c'].entries()) {
    const { runId } = await client.createRun({ experimentId, startTime: 1_000 + at, runName, tags: { 'mortise.key': `key-${runName}` } });
    await client.logBatch(runId, { metrics: [point('loss', at)], params: [{ key: 'lr', value: `0.${at}` }] });
  }
  return experimentId;
}

async function found({ client }: Place, experimentId: string, filter: string, orderBy: string[] = []): Promise<string> {
  const { runs } = await client.searchRuns({ experimentIds: [experimentId], filter, orderBy });
  return runs.map(({ runName }) => runName).join('');
}

export const searchClaims: Claim[] = [
  {
    claim: 'runs are found newest first, whole, and in pages',
    async prove(place) {
      const experimentIds = [await threeRuns(place)];
      const first = await place.client.searchRuns({ experimentIds, maxResults: 2 });
      assert.equal(first.runs.map(({ runName }) => runName).join(''), 'cb');
      assert.deepEqual(first.runs[0]?.params, { lr: '0.2' });
      assert.deepEqual(first.runs[0]?.metrics, [point('loss', 2)]);
      const second = await place.client.searchRuns({ experimentIds, maxResults: 2, pageToken: first.nextPageToken! });
      assert.deepEqual([second.runs.length, second.runs[0]?.runName, second.nextPageToken], [1, 'a', undefined]);
    },
  },
  {
    claim: 'filters compare tags, params, metrics and attributes',
    async prove(place) {
      const id = await threeRuns(place);
      for (const [filter, runs] of [
        ["tags.`mortise.key` = 'key-b'", 'b'],
        ["tags.mortise.key = 'key-b'", 'b'],
        ["tags.`mortise.key` != 'key-b'", 'ca'],
        ["tags.`mortise.key` LIKE 'key-%'", 'cba'],
        ["tags.other = 'x'", ''],
        ["params.lr = '0.1'", 'b'],
        ['metrics.loss < 1.5', 'ba'],
        ['metrics.loss >= 1 and metrics.loss < 2', 'b'],
        ["attributes.run_name = 'c'", 'c'],
        ["run_name = 'c' AND status = 'RUNNING'", 'c'],
        ['attributes.start_time > 1000', 'cb'],
      ] as const) {
        assert.equal(await found(place, id, filter), runs, filter);
      }
    },
  },
  {
    claim: 'a value with one kind of quote stands in the other',
    async prove(place) {
      const runId = await place.run();
      const { experimentId, runName } = (await place.client.getRun(runId))!;
      await place.client.setTag(runId, 'said', "it's");
      assert.equal(await found(place, experimentId, 'tags.said = "it\'s"'), runName);
      assert.equal(await found(place, experimentId, "tags.said = 'it''s'").catch(() => ''), '');
    },
  },
  {
    claim: 'runs are ordered as asked',
    async prove(place) {
      const id = await threeRuns(place);
      assert.equal(await found(place, id, '', ['metrics.loss ASC']), 'abc');
      assert.equal(await found(place, id, '', ['metrics.loss DESC']), 'cba');
      assert.equal(await found(place, id, '', ['attributes.start_time ASC']), 'abc');
    },
  },
  {
    claim: 'experiments that there are not, or none, have no runs and no error, and answers without "runs"',
    async prove(place) {
      for (const experimentIds of [['987654321'], []]) {
        const raw = await place.raw('POST', 'mlflow/runs/search', { experiment_ids: experimentIds });
        assert.deepEqual([raw.status, raw.json], [200, {}]);
        assert.deepEqual(await place.client.searchRuns({ experimentIds }), { runs: [] });
      }
    },
  },
  {
    claim: 'OR, orders by nothing that there is, bad pages and more than 50,000 are refused',
    async prove(place) {
      const experimentIds = [await place.experiment()];
      const refused = (query: object, says: RegExp) => failsWith('invalid', place.client.searchRuns({ experimentIds, ...query }), says);
      await refused({ filter: "tags.a = '1' OR tags.b = '2'" }, /Invalid clause/);
      await refused({ filter: 'params.lr > 0.05' }, /./);
      await refused({ orderBy: ['nope.x ASC'] }, /Invalid entity type 'nope'/);
      await refused({ pageToken: 'zzz' }, /page token/);
      await refused({ maxResults: 50_001 }, /max_results/);
    },
  },
];
