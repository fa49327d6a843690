import { temporaryBackend, type ExperimentTrackerBackend, type Fault } from '@mortise/flavor-testkit';

import { MlflowTrackerConfig } from '../experiment-tracker/mlflow-tracker-config.ts';
import mlflow from '../index.ts';
import { readRun } from './read-run.ts';

interface Place {
  /** Address of the server itself, for who looks at it. */
  server: string;
  /** What trackers are told; default: the server itself. */
  trackingUri?: string;
  config?: Partial<MlflowTrackerConfig>;
  fail?(fault: Fault): Promise<() => Promise<void>>;
  remove?(): Promise<void>;
}

/** Trackers at a server, and a look at what it holds past them. */
export async function mlflowBackend({ server, trackingUri = server, config, fail, remove }: Place): Promise<ExperimentTrackerBackend> {
  const { remove: removeFolder, create } = await temporaryBackend(mlflow, () =>
    Object.assign(new MlflowTrackerConfig(), { trackingUri, timeoutMs: 30_000, ...config }),
  )();
  return {
    create,
    read: ({ id }) => readRun(server, id!),
    ...(fail && { fail }),
    async remove() {
      removeFolder();
      await remove?.();
    },
  };
}
