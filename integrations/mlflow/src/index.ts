export type * from '@mortise/mlflow-client';
export type { MlflowRun } from './experiment-tracker/mlflow-tracker-run.ts';
export { artifactStore } from './artifact-store/index.ts';
export { default } from './experiment-tracker/index.ts';
