import assert from 'node:assert/strict';

import { collect, failsWith, point, type Claim } from './claim.ts';

export const metricClaims: Claim[] = [
  {
    claim: 'a curve is read back by time, and its latest point is that of the highest step',
    async prove(place) {
      const runId = await place.run();
      const points = [
        point('loss', 0.5, { step: 9, timestamp: 10 }),
        point('loss', 0.25, { step: 1, timestamp: 99 }),
        point('loss', -1, { step: -3 }),
      ];
      await place.client.logBatch(runId, { metrics: points });
      const read = await collect(place.client.metricHistory(runId, 'loss'));
      assert.deepEqual(read, [points[0], points[1], points[2]]);
      assert.deepEqual((await place.client.getRun(runId))?.metrics, [points[0]]);
    },
  },
  {
    claim: 'NaN and infinities are kept, and NaN apart from 0',
    async prove(place) {
      const runId = await place.run();
      const values = [NaN, 0, Infinity, -Infinity, -0.5, 5e-324, 1e308];
      await place.client.logBatch(runId, { metrics: values.map((value, step) => point('m', value, { step, timestamp: step })) });
      await place.client.logBatch(runId, { metrics: [point('same', NaN), point('same', 0)] });
      assert.deepEqual(
        (await collect(place.client.metricHistory(runId, 'm'))).map(({ value }) => value),
        values,
      );
      assert.equal((await collect(place.client.metricHistory(runId, 'same'))).length, 2);
    },
  },
  {
    claim: 'the server cannot tell infinity from the largest double; the client reads both as infinity',
    async prove(place) {
      const runId = await place.run();
      await place.client.logBatch(runId, { metrics: [point('m', Infinity), point('m', Number.MAX_VALUE)] });
      const raw = await place.raw('GET', `mlflow/metrics/get-history?run_id=${runId}&metric_key=m`);
      assert.equal((raw.json['metrics'] as { value: unknown }[]).length, 1);
      assert.equal((raw.json['metrics'] as { value: unknown }[])[0]!.value, Number.MAX_VALUE);
      assert.deepEqual(
        (await collect(place.client.metricHistory(runId, 'm'))).map(({ value }) => value),
        [Infinity],
      );
    },
  },
  {
    claim: 'a raw NaN, or a number that is too large, is stored as 0 at time 0, with 200',
    async prove(place) {
      const runId = await place.run();
      for (const [key, value] of [
        ['nan', 'NaN'],
        ['large', '1e400'],
      ]) {
        const raw = await place.raw(
          'POST',
          'mlflow/runs/log-metric',
          `{"run_id":"${runId}","key":"${key}","value":${value},"timestamp":5,"step":3}`,
        );
        assert.equal(raw.status, 200);
        assert.deepEqual(await collect(place.client.metricHistory(runId, key!)), [point(key!, 0, { timestamp: 0, step: 0 })]);
      }
      assert.equal((await place.batch(runId, '"metrics":[{"key":"nan","value":NaN,"timestamp":7}]')).status, 200);
    },
  },
  {
    claim: 'what JSON makes of NaN is refused: null',
    async prove(place) {
      const runId = await place.run();
      const raw = await place.raw('POST', 'mlflow/runs/log-metric', { run_id: runId, key: 'm', value: NaN, timestamp: 1 });
      assert.equal(raw.status, 400);
      assert.match(raw.text, /Missing value for required parameter 'value'/);
    },
  },
  {
    claim: 'a decimal step makes the server keep step 0 and drop all that follows in the batch, with 200; the client refuses it',
    async prove(place) {
      const runId = await place.run();
      const raw = await place.batch(
        runId,
        '"metrics":[{"key":"a","value":1,"timestamp":1,"step":1},{"key":"b","value":2,"timestamp":2,"step":2.5},' +
          '{"key":"c","value":3,"timestamp":3,"step":3}],"params":[{"key":"p","value":"1"}]',
      );
      assert.equal(raw.status, 200);
      const run = await place.client.getRun(runId);
      const kept = run!.metrics.map(({ key, step }) => `${key} ${step}`).sort();
      assert.deepEqual(kept, ['a 1', 'b 0']);
      assert.deepEqual(run!.params, {});
      await failsWith('invalid', place.client.logMetric(runId, point('d', 1, { step: 2.5 })), /Metric "d" has the step 2\.5/);
      await failsWith('invalid', place.client.logMetric(runId, point('d', 1, { step: NaN })), /step NaN/);
    },
  },
  {
    claim: 'text for a number is stored as 0 at time 0 in a batch, with 200; the client refuses it',
    async prove(place) {
      const runId = await place.run();
      assert.equal((await place.batch(runId, '"metrics":[{"key":"a","value":"abc","timestamp":1,"step":1}]')).status, 200);
      assert.deepEqual(await collect(place.client.metricHistory(runId, 'a')), [point('a', 0, { timestamp: 0, step: 0 })]);
      await failsWith('invalid', place.client.logMetric(runId, point('a', 'abc' as never)), /Metric "a" has a value that is no number/);
    },
  },
  {
    claim: 'a time with decimals, before 1970 or missing is refused by the client; the server takes the first for 0',
    async prove(place) {
      const runId = await place.run();
      assert.equal((await place.batch(runId, '"metrics":[{"key":"a","value":1,"timestamp":5.5}]')).status, 200);
      assert.equal((await place.batch(runId, '"metrics":[{"key":"a","value":1,"timestamp":-1}]')).status, 400);
      assert.equal((await place.batch(runId, '"metrics":[{"key":"a","value":1}]')).status, 400);
      assert.equal((await collect(place.client.metricHistory(runId, 'a')))[0]?.timestamp, 0);
      for (const timestamp of [5.5, -1, NaN, undefined as never]) {
        await failsWith('invalid', place.client.logMetric(runId, { key: 'a', value: 1, timestamp }), /time of metric "a"/);
      }
    },
  },
  {
    claim: 'a point that is sent again is stored once, also within one batch and with another of its step',
    async prove(place) {
      const runId = await place.run();
      const metrics = [point('m', 1), point('m', 1), point('m', 2), point('m', NaN), point('m', NaN)];
      for (let times = 0; times < 2; times++) await place.client.logBatch(runId, { metrics });
      assert.equal((await collect(place.client.metricHistory(runId, 'm'))).length, 3);
    },
  },
  {
    claim: 'a run that ended takes metrics',
    async prove(place) {
      const runId = await place.run();
      await place.client.updateRun(runId, { status: 'FINISHED', endTime: 1 });
      await place.client.logMetric(runId, point('late', 1));
      assert.equal((await place.client.getRun(runId))?.metrics.length, 1);
    },
  },
  {
    claim: 'a history comes in pages; that of a metric or a run that there is not is empty',
    async prove(place) {
      const runId = await place.run();
      await place.client.logBatch(runId, { metrics: Array.from({ length: 5 }, (_, at) => point('m', at, { timestamp: at, step: at })) });
      const first = await place.client.getMetricHistory(runId, 'm', { maxResults: 3 });
      assert.equal(first.points.length, 3);
      const second = await place.client.getMetricHistory(runId, 'm', { maxResults: 3, pageToken: first.nextPageToken! });
      assert.deepEqual(
        second.points.map(({ value }) => value),
        [3, 4],
      );
      assert.equal(second.nextPageToken, undefined);
      assert.deepEqual(await place.client.getMetricHistory(runId, 'other'), { points: [] });
      assert.deepEqual(await place.client.getMetricHistory('0'.repeat(32), 'm'), { points: [] });
      await failsWith('invalid', place.client.getMetricHistory(runId, 'm', { pageToken: 'zzz' }));
      await failsWith('invalid', place.client.getMetricHistory(runId, 'm', { maxResults: 0 }));
    },
  },
  {
    claim: 'names of metrics may have words, spaces and / . : - in them, but lead nowhere',
    async prove(place) {
      const runId = await place.run();
      for (const key of ['val/loss', 'a b', 'x.y-z:1', 'größe', 'system/cpu_utilization_percentage'])
        await place.client.logMetric(runId, point(key, 1));
      for (const key of ['../x', 'a//b', '/a', 'a%b', 'a?', '.']) await failsWith('invalid', place.client.logMetric(runId, point(key, 1)));
      assert.equal((await place.client.getRun(runId))?.metrics.length, 5);
    },
  },
  {
    claim: 'a key that is longer than 250 characters is refused by both',
    async prove(place) {
      const runId = await place.run();
      await place.client.logMetric(runId, point('k'.repeat(250), 1));
      assert.equal((await place.batch(runId, `"metrics":[{"key":"${'k'.repeat(251)}","value":1,"timestamp":1}]`)).status, 400);
      for (const batch of [{ metrics: [point('k'.repeat(251), 1)] }, { tags: [{ key: 'k'.repeat(251), value: '' }] }]) {
        await failsWith('invalid', place.client.logBatch(runId, batch), /250 characters/);
      }
    },
  },
];
