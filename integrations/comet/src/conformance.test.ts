import { describe, it } from '@jest/globals';
import { testExperimentTracker } from '@mortise/flavor-testkit';

import { OFFLINE_CAPABILITIES, ONLINE_CAPABILITIES } from './comet-capabilities.ts';
import { API_KEY, offlineBackend, onlineBackend } from './testing/comet-backend.ts';

const REFUSED = { kind: 'metrics' as const, values: { ['n'.repeat(101)]: 1 }, step: 0 };

testExperimentTracker(
  { describe, it },
  {
    name: 'comet online',
    capabilities: ONLINE_CAPABILITIES,
    faults: ['down', 'denied', 'hang'],
    refused: REFUSED,
    secrets: [API_KEY],
    backend: onlineBackend,
  },
);

testExperimentTracker(
  { describe, it },
  {
    name: 'comet offline',
    capabilities: OFFLINE_CAPABILITIES,
    refused: REFUSED,
    secrets: [API_KEY],
    backend: offlineBackend,
  },
);
