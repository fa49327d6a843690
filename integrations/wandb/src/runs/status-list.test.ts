import { describe } from '@jest/globals';
import { startWandbRecorder } from '@mortise/wandb-client/testing';
import { fileURLToPath } from 'node:url';

import { testStatusList } from '../../../../core/src/testing/status-list.ts';
import { toldByStates, trackerIdsOf, trackerUrlsOf } from '../../../../core/src/testing/told-states.ts';
import { trackerProject } from '../../../../core/src/testing/tracker-project.ts';
import { API_KEY } from '../testing/online-backend.ts';
import { readOfflineRun } from '../testing/offline-backend.ts';
import { shownRun, withStory } from '../testing/shown-run.ts';

describe('how a step may end, at W&B', () => {
  testStatusList({
    isolations: ['inline'],
    async open() {
      const recorder = await startWandbRecorder();
      const project = await trackerProject('wandb', { mode: 'online', baseUrl: recorder.url, apiKey: API_KEY });
      return {
        project,
        toldBy: async (run) =>
          toldByStates(
            trackerIdsOf(run).map((id) => shownRun(recorder, id)),
            run.id,
          ),
        end: () => recorder.stop(),
      };
    },
  });
});

describe('how a step may end, in transaction logs for W&B', () => {
  testStatusList({
    isolations: ['inline'],
    async open() {
      const project = await trackerProject('wandb', { mode: 'offline' });
      return {
        project,
        async toldBy(run) {
          const states = await Promise.all(trackerUrlsOf(run).map((url) => readOfflineRun(fileURLToPath(url))));
          return toldByStates(states.map(withStory), run.id);
        },
      };
    },
  });
});
