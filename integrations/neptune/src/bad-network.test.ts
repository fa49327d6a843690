import { describe } from '@jest/globals';
import { testBadNetwork } from '@mortise/test-servers/bad-network';
import { usualFaults } from '@mortise/test-servers/usual-faults';

import { toldByStates } from '../../../core/src/testing/told-states.ts';
import { startNeptuneRecorder } from './testing/neptune-recorder.ts';
import { ownState } from './testing/own-state.ts';

describe('a pipeline whose network to Neptune is bad', () => {
  testBadNetwork({
    flavor: 'neptune',
    module: new URL('index.ts', import.meta.url),
    async start() {
      const recorder = await startNeptuneRecorder();
      return {
        url: recorder.server.url,
        config: (url) => ({ apiToken: recorder.token(url), project: 'team/wine', mode: 'online', timeoutMs: 3_000 }),
        toldBy: async ({ id }) => toldByStates(recorder.runs.map(ownState), id),
        stop: () => recorder.stop(),
      };
    },
    ...usualFaults({ create: { path: /ingest$/ }, batch: { path: /ingest$/, skip: 4 }, end: { path: 'ingest/check', skip: 4 } }),
  });
});
