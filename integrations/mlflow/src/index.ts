export type * from '@mortise/mlflow-client';
export type { MlflowTracker } from './experiment-tracker/mlflow-tracker.ts';
export type { MlflowRun } from './experiment-tracker/mlflow-tracker-run.ts';
export type { MlflowTrackerSettings } from './experiment-tracker/mlflow-tracker-settings.ts';
export type { MlflowArtifactStore } from './artifact-store/mlflow-artifact-store.ts';
export { artifactStore } from './artifact-store/index.ts';
export { default } from './experiment-tracker/index.ts';
