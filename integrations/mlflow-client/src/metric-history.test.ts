import { expect, test } from '@jest/globals';

import { MlflowClient } from './index.ts';
import { collect, point } from './testing/claims/claim.ts';
import { startStubServer } from './testing/index.ts';

test('a long history is read in pages, whole and in order, and only as far as it is wanted', async () => {
  const server = await startStubServer();
  const client = new MlflowClient({ trackingUri: server.url });
  const { runId } = await client.createRun({ experimentId: '0', startTime: 1 });
  const metrics = Array.from({ length: 20_001 }, (_, at) => point('m', at, { timestamp: at, step: at }));
  await client.logBatch(runId, { metrics });
  server.requests.length = 0;
  expect(await collect(client.metricHistory(runId, 'm'))).toEqual(metrics);
  expect(server.requests).toHaveLength(3);
  for await (const _ of client.metricHistory(runId, 'm')) break;
  expect(server.requests).toHaveLength(4);
  await server.stop();
});
