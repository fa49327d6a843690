import type { ReadArtifact, TrackerRunRef } from '@mortise/core';
import type { MlflowClient, Run } from '@mortise/mlflow-client';

import type { MlflowTrackerSettings } from './mlflow-tracker-settings.ts';

/** A run at MLflow that is written to, and what is known of it here. */
export interface OpenedRun {
  client: MlflowClient;
  run: Run;
  /** Our key. */
  key: string;
  known: TrackerRunRef | undefined;
  settings: Pick<MlflowTrackerSettings, 'registerModel' | 'modelAlias'>;
  /** Of an attempt of a step. The pipeline run's own, to which settings of the pipeline go as well, need not have a model. */
  isStep: boolean;
  readArtifact: ReadArtifact | undefined;
  /** There may be another run with our key, by a late answer. */
  mayHaveTwin: boolean;
  /** Tells a person something, once however often it is said. */
  warn(message: string): void;
}
