import { join } from 'node:path';

import { describe } from '@jest/globals';

import { testStatusList } from '../../../core/src/testing/status-list.ts';
import { toldByStates, trackerIdsOf, withStatus } from '../../../core/src/testing/told-states.ts';
import { trackerProject } from '../../../core/src/testing/tracker-project.ts';
import { startCometRecorder } from './testing/comet-recorder.ts';
import { offlineExperiment } from './testing/offline-experiment.ts';
import { trackerState } from './testing/tracker-state.ts';

describe('how a step may end, at Comet', () => {
  testStatusList({
    isolations: ['inline'],
    // A killed one has crashed there.
    asFarAsTold: (told) => withStatus(told, ({ status }) => (status === 'killed' ? 'failed' : status)),
    async open() {
      const recorder = await startCometRecorder({ apiKey: 'a-key' });
      const project = await trackerProject('comet', { apiKey: 'a-key', urlOverride: recorder.url, mode: 'online' });
      return {
        project,
        toldBy: async ({ id }) => toldByStates(Array.from(recorder.experiments.values(), trackerState), id),
        end: () => recorder.stop(),
      };
    },
  });
});

describe('how a step may end, in archives for Comet', () => {
  testStatusList({
    isolations: ['inline'],
    // An archive has a place for the error's text, and none for having crashed.
    asFarAsTold: (told) => withStatus(told, ({ status, error }) => (error === null ? status : 'with an error')),
    async open() {
      const project = await trackerProject('comet', { mode: 'offline', offlineDirectory: 'archives' });
      const folder = join(project.root, 'archives');
      return {
        project,
        async toldBy(run) {
          const found = await Promise.all(trackerIdsOf(run).map((key) => offlineExperiment(folder, key)));
          return toldByStates(found.filter((each) => each !== undefined).map(trackerState), run.id);
        },
      };
    },
  });
});
