import { randomBytes } from 'node:crypto';

import { describe } from '@jest/globals';
import { canStart, sharedMlflow } from '@mortise/test-servers';

import { testStatusList } from '../../../../core/src/testing/status-list.ts';
import { mlflowProject } from '../testing/mlflow-project.ts';
import { toldByMlflow } from '../testing/told-runs.ts';

(canStart('mlflow') ? describe : describe.skip)('how a step may end, on a real MLflow server', () => {
  testStatusList({
    async open() {
      const experiment = `status-${randomBytes(4).toString('hex')}`;
      const server = await sharedMlflow();
      const project = await mlflowProject({ trackingUri: server.url, experimentName: experiment });
      return { project, toldBy: ({ id }) => toldByMlflow(server.url, { experiment, runId: id }), end: () => server.stop() };
    },
  });
});
