import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testExperimentTracker, type Fault as TrackerFault } from '@mortise/flavor-testkit';
import { canStart, sharedMlflow, startFaultyProxy, type Fault, type FaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { mlflowBackend } from '../testing/mlflow-backend.ts';
import { MLFLOW_CAPABILITIES } from './mlflow-capabilities.ts';

const FAULTS: Record<TrackerFault, Fault> = {
  down: { kind: 'reset' },
  denied: { kind: 'answer', status: 401, headers: { 'content-type': 'text/html' }, body: '<h1>401 Unauthorized</h1>' },
  hang: { kind: 'black-hole' },
};

(canStart('mlflow') ? describe : describe.skip)('a real server', () => {
  let server: SharedMlflow;
  let proxy: FaultyProxy;
  beforeAll(async () => {
    server = await sharedMlflow();
    proxy = await startFaultyProxy(server.url);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  testExperimentTracker(
    { describe, it: (claim, prove) => it(claim, prove) },
    {
      name: 'mlflow',
      capabilities: MLFLOW_CAPABILITIES,
      faults: ['down', 'denied', 'hang'],
      refused: { kind: 'metrics', values: { 'a@b': 1 }, step: 0 },
      secrets: ['hunter2'],
      backend: () =>
        mlflowBackend({
          server: server.url,
          trackingUri: proxy.url,
          config: { trackingUsername: 'me', trackingPassword: 'hunter2' },
          fail: async (fault) => {
            proxy.inject(FAULTS[fault]);
            return async () => proxy.clear();
          },
        }),
    },
  );
});
