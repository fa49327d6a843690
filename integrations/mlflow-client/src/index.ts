/** A thin typed client of the MLflow tracking server, on `fetch`, without dependencies. */
export { MlflowClient } from './mlflow-client.ts';
export type { MlflowClientOptions } from './mlflow-client-options.ts';
export { mlflowEnvironment } from './mlflow-environment.ts';
export type { Batch } from './batch.ts';
export { isMlflowError, MlflowError } from './mlflow-error.ts';
export type { MlflowErrorDetails, MlflowErrorKind } from './mlflow-error.ts';
export { artifactPathFlaw } from './artifacts/artifact-path.ts';
export type { ArtifactFile, ArtifactListing } from './artifacts/artifact-listing.ts';
export type { ArtifactGetOptions, ArtifactPutOptions, ArtifactsClient } from './artifacts/artifacts-client.ts';
export { proxiedArtifactPath } from './artifacts/proxied-artifact-path.ts';
export type { Dataset, LoggedDataset } from './dataset.ts';
export type { Experiment, ExperimentPage, ExperimentQuery, NewExperiment } from './experiment.ts';
export type {
  FinalLoggedModelStatus,
  LoggedModel,
  LoggedModelPage,
  LoggedModelQuery,
  LoggedModelStatus,
  NewLoggedModel,
} from './logged-model.ts';
export type { Metric, MetricHistoryPage, MetricPoint } from './metric.ts';
export type {
  ModelVersion,
  ModelVersionPage,
  ModelVersionQuery,
  NewModelVersion,
  NewRegisteredModel,
  RegisteredModel,
} from './registered-model.ts';
export type { NewRun, Param, Run, RunPage, RunQuery, RunStatus, RunUpdate, Tag } from './run.ts';
