import { fileURLToPath } from 'node:url';

import { describe } from '@jest/globals';

import { testPrintedLines } from '../../../core/src/testing/printed-lines.ts';
import { trackerProject } from '../../../core/src/testing/tracker-project.ts';
import { startNeptuneRecorder } from './testing/neptune-recorder.ts';
import { offlineRun } from './testing/offline-run.ts';
import { runState } from './testing/run-state.ts';

describe('what steps print, at Neptune', () => {
  testPrintedLines(async () => {
    const recorder = await startNeptuneRecorder();
    const project = await trackerProject('neptune', { mode: 'online', apiToken: recorder.token(), project: 'team/wine' });
    return {
      project,
      linesOf: async ({ id }) => runState(recorder.run(id!)!, (file) => recorder.files.get(file)).logs,
      end: () => recorder.stop(),
    };
  });
});

describe('what steps print, in offline files for Neptune', () => {
  testPrintedLines(async () => {
    const project = await trackerProject('neptune', { mode: 'offline', project: 'team/wine' });
    return {
      project,
      linesOf: async ({ url }) => {
        const { run, files } = offlineRun(fileURLToPath(url!));
        return runState(run, (file) => files.get(file)).logs;
      },
    };
  });
});
