import { describe, expect, test } from '@jest/globals';

import { batchBodies } from './batch.ts';
import { MlflowClient } from './index.ts';
import { failsWith, point } from './testing/claims/claim.ts';
import { startStubServer } from './testing/index.ts';

interface Body {
  metrics?: { step: number }[];
  params?: unknown[];
  tags?: unknown[];
}

const metrics = (count: number) => Array.from({ length: count }, (_, step) => point('m', step, { step }));
const pairs = (count: number, value = 'v') => Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value }));
const parsed = (bodies: Iterable<string>) => [...bodies].map((body) => JSON.parse(body) as Body);
const sizes = ({ metrics = [], params = [], tags = [] }: Body) => [metrics.length, params.length, tags.length];

describe('a batch is split', () => {
  test('to as few requests as the limits allow', () => {
    const bodies = parsed(batchBodies('r', { metrics: metrics(2_500), params: pairs(250), tags: pairs(150) }));
    expect(bodies.map(sizes)).toEqual([
      [800, 100, 100],
      [850, 100, 50],
      [850, 50, 0],
    ]);
    expect(bodies.flatMap((body) => body.metrics ?? []).map(({ step }) => step)).toEqual(metrics(2_500).map(({ step }) => step));
  });

  test('to bodies of a million bytes', () => {
    const bodies = [...batchBodies('r', { params: pairs(100, 'é'.repeat(6_000)), tags: pairs(100, '"\n'.repeat(4_000)) })];
    expect(bodies).toHaveLength(3);
    for (const body of bodies) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_000_000);
    expect(parsed(bodies).flatMap(({ params = [], tags = [] }) => [...params, ...tags])).toHaveLength(200);
  });

  test('to nothing at all when it is empty', () => {
    expect([...batchBodies('r', {})]).toEqual([]);
  });

  test('numbers that JSON does not have become words', () => {
    const values = [NaN, Infinity, -Infinity, -0, 1e-7].map((value) => point('m', value));
    const [body] = [...batchBodies('r', { metrics: values })];
    expect(body).toMatch(/"NaN".*"Infinity".*"-Infinity".*"value":0,.*"value":1e-7/);
  });
});

describe('a batch that cannot be', () => {
  test('is refused before anything is sent, wherever the fault stands', async () => {
    const server = await startStubServer();
    const client = new MlflowClient({ trackingUri: server.url });
    const { runId } = await client.createRun({ experimentId: '0', startTime: 1 });
    server.requests.length = 0;
    const large = { metrics: metrics(5_000), params: pairs(500), tags: pairs(500) };
    await failsWith(
      'invalid',
      client.logBatch(runId, { ...large, metrics: [...large.metrics, point('m', 1, { step: 0.5 })] }),
      /step 0\.5/,
    );
    await failsWith(
      'invalid',
      client.logBatch(runId, { ...large, params: [...large.params, { key: 'p', value: 'x'.repeat(6_001) }] }),
      /"p"/,
    );
    await failsWith('invalid', client.logBatch(runId, { ...large, tags: [...large.tags, { key: '', value: 'x' }] }), /no key/);
    expect(server.requests).toEqual([]);
    await server.stop();
  });

  test('stops at the request that fails', async () => {
    const server = await startStubServer();
    const client = new MlflowClient({ trackingUri: server.url });
    const { runId } = await client.createRun({ experimentId: '0', startTime: 1 });
    server.requests.length = 0;
    server.fail('locked', ({ path }) => path.endsWith('log-batch') && server.requests.length === 1);
    await failsWith('busy', client.logBatch(runId, { metrics: metrics(5_000) }));
    expect(server.requests).toHaveLength(2);
    expect(server.store.runs.get(runId)?.points.get('m')?.size).toBe(1_000);
    await client.logBatch(runId, { metrics: metrics(5_000) }).catch(() => undefined);
    await server.stop();
  });
});
