import { join } from 'node:path';

import { describe, it } from '@jest/globals';

import { testExperimentTracker } from '../experiment-tracker/test-experiment-tracker.ts';
import { temporaryBackend } from '../temporary-backend.ts';
import { recordingSuite, stateIn } from '../testing/recording-suite.ts';
import { RECORDING_FILE, recordingFlavor } from './recording-flavor.ts';
import { RECORDING_CAPABILITIES } from './recording-tracker.ts';
import { Recording } from './recording.ts';

testExperimentTracker({ describe, it }, recordingSuite());

testExperimentTracker(
  { describe, it },
  {
    ...recordingSuite(undefined, {
      ids: 'server',
      step: 'integer',
      monotonicStep: true,
      metricContext: 'prefix',
      nesting: 'group',
      reopen: false,
      redelivery: 'offset',
      limits: { batch: 10, keyLength: 250, paramLength: 6_000 },
    }),
    name: 'recording, of other claims',
  },
);

testExperimentTracker(
  { describe, it },
  {
    name: 'recording, in a file',
    capabilities: RECORDING_CAPABILITIES,
    backend: async () => {
      const backend = await temporaryBackend(recordingFlavor)();
      return { ...backend, read: async (ref) => stateIn(new Recording(join(backend.folder, 'scratch', RECORDING_FILE)), ref) };
    },
  },
);
