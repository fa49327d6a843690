import { temporaryBackend, type ExperimentTrackerBackend, type Fault as SuiteFault } from '@mortise/flavor-testkit';
import { startFaultyProxy, type Fault } from '@mortise/test-servers';

import { CometTrackerConfig } from '../comet-tracker-config.ts';
import comet from '../index.ts';
import { startCometRecorder } from './comet-recorder.ts';
import { offlineExperiment } from './offline-experiment.ts';
import { trackerState } from './tracker-state.ts';

export const API_KEY = 'the-key-of-the-tests';

const FAULTS: Record<SuiteFault, Fault> = {
  down: { kind: 'reset' },
  denied: { kind: 'answer', status: 401, headers: { 'content-type': 'application/json' }, body: '{"msg":"no such key"}' },
  hang: { kind: 'black-hole' },
};

/** Trackers at a recorder, and a look at what it holds past them. */
export async function onlineBackend(): Promise<ExperimentTrackerBackend> {
  const recorder = await startCometRecorder({ apiKey: API_KEY });
  const proxy = await startFaultyProxy(recorder.url);
  const config = { apiKey: API_KEY, urlOverride: proxy.url, mode: 'online' as const };
  const { create, remove } = await temporaryBackend(comet, () => Object.assign(new CometTrackerConfig(), config))();
  return {
    create,
    read: async ({ id }) => trackerState(recorder.experiment(id!)),
    fail: async (fault) => {
      const injected = proxy.inject(FAULTS[fault]);
      return async () => injected.remove();
    },
    async remove() {
      remove();
      await proxy.stop();
      await recorder.stop();
    },
  };
}

/** Trackers that write archives, and a look at those. */
export async function offlineBackend(): Promise<ExperimentTrackerBackend> {
  const config = { mode: 'offline' as const, offlineDirectory: 'archives' };
  const { create, remove, folder } = await temporaryBackend(comet, () => Object.assign(new CometTrackerConfig(), config))();
  return {
    create,
    async read({ id }) {
      const experiment = await offlineExperiment(`${folder}/archives`, id!);
      return experiment && trackerState(experiment);
    },
    remove,
  };
}
