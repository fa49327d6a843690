import { describe } from '@jest/globals';
import { testBadNetwork } from '@mortise/test-servers/bad-network';
import { usualFaults } from '@mortise/test-servers/usual-faults';

import { toldByStates } from '../../../core/src/testing/told-states.ts';
import { startCometRecorder } from './testing/comet-recorder.ts';
import { trackerState } from './testing/tracker-state.ts';

describe('a pipeline whose network to Comet is bad', () => {
  testBadNetwork({
    flavor: 'comet',
    module: new URL('index.ts', import.meta.url),
    async start() {
      const recorder = await startCometRecorder({ apiKey: 'a-key' });
      return {
        url: recorder.url,
        config: (urlOverride) => ({ apiKey: 'a-key', urlOverride, mode: 'online', timeoutMs: 3_000 }),
        toldBy: async ({ id }) => toldByStates(Array.from(recorder.experiments.values(), trackerState), id),
        stop: () => recorder.stop(),
      };
    },
    ...usualFaults({ create: { path: 'add/run' }, batch: { path: 'batch/' }, end: { path: 'update-status' } }),
  });
});
