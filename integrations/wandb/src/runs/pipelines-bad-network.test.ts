import { describe } from '@jest/globals';
import { testBadNetwork } from '@mortise/test-servers/bad-network';
import { usualFaults } from '@mortise/test-servers/usual-faults';
import { startWandbRecorder } from '@mortise/wandb-client/testing';

import { toldByStates } from '../../../../core/src/testing/told-states.ts';
import { API_KEY } from '../testing/online-backend.ts';
import { shownRun } from '../testing/shown-run.ts';

describe('a pipeline whose network to W&B is bad', () => {
  testBadNetwork({
    flavor: 'wandb',
    module: new URL('../index.ts', import.meta.url),
    async start() {
      const recorder = await startWandbRecorder();
      return {
        url: recorder.url,
        config: (baseUrl) => ({ baseUrl, apiKey: API_KEY, mode: 'online', timeoutMs: 3_000 }),
        toldBy: async ({ id }) =>
          toldByStates(
            recorder.runs.map(({ name }) => shownRun(recorder, name)),
            id,
          ),
        stop: () => recorder.stop(),
      };
    },
    ...usualFaults({ create: { path: 'graphql' }, batch: { path: 'file_stream' }, end: { path: 'file_stream', skip: 2 } }),
  });
});
