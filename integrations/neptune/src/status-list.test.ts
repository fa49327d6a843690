import { fileURLToPath } from 'node:url';

import { describe } from '@jest/globals';

import { testStatusList } from '../../../core/src/testing/status-list.ts';
import { toldByStates, trackerUrlsOf } from '../../../core/src/testing/told-states.ts';
import { trackerProject } from '../../../core/src/testing/tracker-project.ts';
import { startNeptuneRecorder } from './testing/neptune-recorder.ts';
import { offlineRun } from './testing/offline-run.ts';
import type { RunAtNeptune } from './testing/run-at-neptune.ts';
import { ownState } from './testing/own-state.ts';

describe('how a step may end, at Neptune', () => {
  testStatusList({
    isolations: ['inline'],
    async open() {
      const recorder = await startNeptuneRecorder();
      const project = await trackerProject('neptune', { mode: 'online', apiToken: recorder.token(), project: 'team/wine' });
      return { project, toldBy: async (run) => toldByStates(recorder.runs.map(ownState), run.id), end: () => recorder.stop() };
    },
  });
});

describe('how a step may end, in offline files for Neptune', () => {
  testStatusList({
    isolations: ['inline'],
    async open() {
      const project = await trackerProject('neptune', { mode: 'offline', project: 'team/wine' });
      const read = (url: string): RunAtNeptune => offlineRun(fileURLToPath(url)).run;
      return {
        project,
        toldBy: async (run) =>
          toldByStates(
            trackerUrlsOf(run).map((url) => ownState(read(url))),
            run.id,
          ),
      };
    },
  });
});
