import { describe, it } from '@jest/globals';
import { testExperimentTracker, type Fault } from '@mortise/flavor-testkit';
import { startStubServer, type StubFault } from '@mortise/mlflow-client/testing';

import { mlflowBackend } from '../testing/mlflow-backend.ts';
import { MLFLOW_CAPABILITIES } from './mlflow-capabilities.ts';

const FAULTS: Record<Fault, StubFault> = { down: 'reset', denied: 'unauthorized', hang: 'hang' };

// Against a real server: conformance.real.test.ts.
testExperimentTracker(
  { describe, it },
  {
    name: 'mlflow',
    capabilities: MLFLOW_CAPABILITIES,
    faults: ['down', 'denied', 'hang'],
    refused: { kind: 'metrics', values: { 'a@b': 1 }, step: 0 },
    secrets: ['hunter2'],
    backend: async () => {
      const server = await startStubServer();
      return mlflowBackend({
        server: server.url,
        config: { trackingUsername: 'me', trackingPassword: 'hunter2' },
        fail: async (fault) => {
          const mend = server.fail(FAULTS[fault]);
          return async () => mend();
        },
        remove: () => server.stop(),
      });
    },
  },
);
