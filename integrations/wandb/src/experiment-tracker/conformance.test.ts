import { describe, it } from '@jest/globals';
import { testExperimentTracker } from '@mortise/flavor-testkit';

import { offlineBackend } from '../testing/offline-backend.ts';
import { API_KEY, onlineBackend } from '../testing/online-backend.ts';
import { wandbCapabilities } from './wandb-capabilities.ts';

testExperimentTracker(
  { describe, it },
  {
    name: 'wandb online',
    capabilities: wandbCapabilities('online'),
    faults: ['down', 'denied', 'hang'],
    refused: { kind: 'metrics', values: { _step: 1 }, step: 0 },
    secrets: [API_KEY],
    backend: onlineBackend,
  },
);

testExperimentTracker(
  { describe, it },
  {
    name: 'wandb offline',
    capabilities: wandbCapabilities('offline'),
    refused: { kind: 'params', values: { _wandb: 1 } },
    backend: offlineBackend,
  },
);
