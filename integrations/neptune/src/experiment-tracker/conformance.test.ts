import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, it } from '@jest/globals';
import { temporaryBackend, testExperimentTracker, type Fault } from '@mortise/flavor-testkit';
import { startFaultyProxy, type Fault as ProxyFault } from '@mortise/test-servers';

import neptune from '../index.ts';
import { startNeptuneRecorder } from '../testing/neptune-recorder.ts';
import { offlineRun } from '../testing/offline-run.ts';
import { runState } from '../testing/run-state.ts';
import { neptuneCapabilities } from './neptune-capabilities.ts';
import { NeptuneTrackerConfig } from './neptune-tracker-config.ts';

const configOf = (given: Partial<NeptuneTrackerConfig>): NeptuneTrackerConfig =>
  Object.assign(new NeptuneTrackerConfig(), { project: 'acme/wine', ...given });

testExperimentTracker(
  { describe, it },
  {
    name: 'neptune, offline',
    capabilities: neptuneCapabilities('offline'),
    refused: { kind: 'metrics', values: { loss: 1 }, step: -1 },
    backend: async () => {
      const { create, remove } = await temporaryBackend(neptune, () => configOf({ mode: 'offline' }))();
      return {
        create,
        remove,
        async read({ url }) {
          const path = fileURLToPath(url!);
          if (!existsSync(path)) return undefined;
          const { run, files } = offlineRun(path);
          return runState(run, (file) => files.get(file));
        },
      };
    },
  },
);

const FAULTS: Record<Fault, ProxyFault> = {
  down: { kind: 'reset' },
  denied: { kind: 'answer', status: 401, headers: { 'content-type': 'text/html' }, body: '<h1>401 Unauthorized</h1>' },
  hang: { kind: 'black-hole' },
};

testExperimentTracker(
  { describe, it },
  {
    name: 'neptune, online',
    capabilities: neptuneCapabilities('online'),
    faults: ['down', 'denied', 'hang'],
    refused: { kind: 'metrics', values: { loss: 1 }, step: -1 },
    secrets: ['hunter2'],
    backend: async () => {
      const recorder = await startNeptuneRecorder();
      const proxy = await startFaultyProxy(recorder.server.url);
      const { create, remove } = await temporaryBackend(neptune, () => configOf({ mode: 'online', apiToken: recorder.token(proxy.url) }))();
      return {
        create,
        read: async ({ id }) => {
          const run = recorder.run(id!);
          return run && runState(run, (file) => recorder.files.get(file));
        },
        async fail(fault) {
          proxy.inject(FAULTS[fault]);
          return async () => proxy.clear();
        },
        async remove() {
          await proxy.stop();
          await recorder.stop();
          remove();
        },
      };
    },
  },
);
