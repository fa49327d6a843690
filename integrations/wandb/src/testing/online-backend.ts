import { temporaryBackend, type ExperimentTrackerBackend, type Fault as TestedFault } from '@mortise/flavor-testkit';
import { startFaultyProxy, type Fault } from '@mortise/test-servers';
import { startWandbRecorder } from '@mortise/wandb-client/testing';

import { WandbTrackerConfig } from '../experiment-tracker/wandb-tracker-config.ts';
import wandb from '../index.ts';
import { readOnlineRun } from './read-run.ts';

export const API_KEY = 'hunter2'.padEnd(40, '0');

const FAULTS: Record<TestedFault, Fault> = {
  down: { kind: 'reset' },
  denied: { kind: 'answer', status: 401, body: '{"error":"permission denied"}' },
  hang: { kind: 'black-hole' },
};

/** Trackers at a recorder, and a look at what it holds. */
export async function onlineBackend(): Promise<ExperimentTrackerBackend> {
  const recorder = await startWandbRecorder();
  const proxy = await startFaultyProxy(recorder.url);
  const config = { mode: 'online', baseUrl: proxy.url, apiKey: API_KEY, timeoutMs: 30_000 } as const;
  const { create, remove } = await temporaryBackend(wandb, () => Object.assign(new WandbTrackerConfig(), config))();
  return {
    create,
    read: ({ id }) => Promise.resolve(readOnlineRun(recorder, id!)),
    fail: (fault) => {
      const injected = proxy.inject(FAULTS[fault]);
      return Promise.resolve(() => Promise.resolve(injected.remove()));
    },
    async remove() {
      remove();
      await proxy.stop();
      await recorder.stop();
    },
  };
}
