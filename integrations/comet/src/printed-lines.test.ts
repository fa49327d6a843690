import { join } from 'node:path';

import { describe } from '@jest/globals';

import { testPrintedLines } from '../../../core/src/testing/printed-lines.ts';
import { trackerProject } from '../../../core/src/testing/tracker-project.ts';
import { startCometRecorder } from './testing/comet-recorder.ts';
import { offlineExperiment } from './testing/offline-experiment.ts';
import { trackerState } from './testing/tracker-state.ts';

const OFF = { COMET_AUTO_LOG_OUTPUT_LOGGER: '' };

describe('what steps print, at Comet', () => {
  testPrintedLines(
    async () => {
      const recorder = await startCometRecorder({ apiKey: 'a-key' });
      const project = await trackerProject('comet', { apiKey: 'a-key', urlOverride: recorder.url, mode: 'online' });
      return { project, linesOf: async ({ id }) => trackerState(recorder.experiment(id!)).logs, end: () => recorder.stop() };
    },
    { off: OFF },
  );
});

describe('what steps print, in archives for Comet', () => {
  testPrintedLines(
    async () => {
      const project = await trackerProject('comet', { mode: 'offline', offlineDirectory: 'archives' });
      const folder = join(project.root, 'archives');
      return { project, linesOf: async ({ id }) => trackerState((await offlineExperiment(folder, id!))!).logs };
    },
    { off: OFF },
  );
});
