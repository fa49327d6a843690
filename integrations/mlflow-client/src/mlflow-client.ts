import * as artifacts from './artifacts/artifact-calls.ts';
import type { ArtifactListing } from './artifacts/artifact-listing.ts';
import { ArtifactsClient } from './artifacts/artifacts-client.ts';
import type { Batch } from './batch.ts';
import type { LoggedDataset } from './dataset.ts';
import * as experiments from './experiment-calls.ts';
import type { Experiment, ExperimentPage, ExperimentQuery, NewExperiment } from './experiment.ts';
import { Connection } from './http/connection.ts';
import { Rest } from './http/rest.ts';
import * as loggedModels from './logged-model-calls.ts';
import type { FinalLoggedModelStatus, LoggedModel, LoggedModelPage, LoggedModelQuery, NewLoggedModel } from './logged-model.ts';
import type { Metric, MetricHistoryPage, MetricPoint } from './metric.ts';
import type { MlflowClientOptions } from './mlflow-client-options.ts';
import { MlflowError } from './mlflow-error.ts';
import type {
  ModelVersion,
  ModelVersionPage,
  ModelVersionQuery,
  NewModelVersion,
  NewRegisteredModel,
  RegisteredModel,
} from './registered-model.ts';
import * as registry from './registry-calls.ts';
import * as runs from './run-calls.ts';
import type { NewRun, Run, RunPage, RunQuery, RunUpdate } from './run.ts';

/**
 * An MLflow tracking server. Every call fails with `MlflowError`, or with its signal's reason; none is tried twice, none prints. What the server would
 * change in silence is refused before it is sent, with kind `invalid`.
 *
 * @example
 * const client = new MlflowClient({ trackingUri: 'http://localhost:5000' });
 * const experimentId = await client.createExperiment('wine');
 * const { runId } = await client.createRun({ experimentId, startTime: Date.now(), runName: 'first' });
 * await client.logBatch(runId, { metrics: [{ key: 'loss', value: 0.5, timestamp: Date.now(), step: 1 }] });
 * await client.updateRun(runId, { status: 'FINISHED', endTime: Date.now() });
 */
export class MlflowClient {
  readonly artifacts: ArtifactsClient;
  readonly #rest: Rest;

  /** Throws `MlflowError` of kind `invalid` for options that cannot be; asks the server nothing. */
  constructor(options: MlflowClientOptions) {
    this.#rest = new Rest(new Connection(options));
    const { multipartThreshold = 100 * 2 ** 20, partSize = 10 * 2 ** 20 } = options;
    this.artifacts = new ArtifactsClient(this.#rest, { multipartThreshold, partSize });
  }

  /** Without a slash at the end. */
  get trackingUri(): string {
    return this.#rest.connection.trackingUri;
  }

  /** Fails unless the server says that it is well. It says so without credentials, too. */
  async health(signal?: AbortSignal): Promise<void> {
    const said = await this.#rest.text('health', signal);
    if (said.trim() !== 'OK')
      throw new MlflowError('protocol', `${this.#rest.connection.server} answers health with something else than OK`);
  }

  /** Such as `3.17.2`. */
  async version(signal?: AbortSignal): Promise<string> {
    const said = (await this.#rest.text('version', signal)).trim();
    if (/^\d+\.\d+\S*$/.test(said)) return said;
    throw new MlflowError(
      'protocol',
      `${this.#rest.connection.server} answers version with something else. Is it an MLflow tracking server?`,
    );
  }

  /** Its id. Kind `exists` when the name is taken, also by a deleted experiment. */
  createExperiment(name: string, options: NewExperiment = {}, signal?: AbortSignal): Promise<string> {
    return experiments.create(this.#rest, name, options, signal);
  }

  getExperiment(experimentId: string, signal?: AbortSignal): Promise<Experiment | undefined> {
    return experiments.get(this.#rest, experimentId, signal);
  }

  /** Deleted ones, too. */
  getExperimentByName(name: string, signal?: AbortSignal): Promise<Experiment | undefined> {
    return experiments.getByName(this.#rest, name, signal);
  }

  searchExperiments(query: ExperimentQuery = {}, signal?: AbortSignal): Promise<ExperimentPage> {
    return experiments.search(this.#rest, query, signal);
  }

  /** Whether there are traces in an experiment. Kind `protocol` of a server before 2.14, which has none. */
  hasTraces(experimentId: string, signal?: AbortSignal): Promise<boolean> {
    return experiments.hasTraces(this.#rest, experimentId, signal);
  }

  async deleteExperiment(experimentId: string, signal?: AbortSignal): Promise<void> {
    await this.#rest.post('experiments/delete', { experiment_id: experimentId }, signal);
  }

  async restoreExperiment(experimentId: string, signal?: AbortSignal): Promise<void> {
    await this.#rest.post('experiments/restore', { experiment_id: experimentId }, signal);
  }

  async setExperimentTag(experimentId: string, key: string, value: string, signal?: AbortSignal): Promise<void> {
    await this.#rest.post('experiments/set-experiment-tag', { experiment_id: experimentId, key, value }, signal);
  }

  /** Not idempotent: a run whose answer was lost is there. Find it by a tag of its own. */
  createRun(run: NewRun, signal?: AbortSignal): Promise<Run> {
    return runs.create(this.#rest, run, signal);
  }

  /** Deleted ones, too. */
  getRun(runId: string, signal?: AbortSignal): Promise<Run | undefined> {
    return runs.get(this.#rest, runId, signal);
  }

  /** A run that ended may be set back to `RUNNING`; it keeps its end time. */
  updateRun(runId: string, update: RunUpdate, signal?: AbortSignal): Promise<void> {
    return runs.update(this.#rest, runId, update, signal);
  }

  async deleteRun(runId: string, signal?: AbortSignal): Promise<void> {
    await this.#rest.post('runs/delete', { run_id: runId }, signal);
  }

  async restoreRun(runId: string, signal?: AbortSignal): Promise<void> {
    await this.#rest.post('runs/restore', { run_id: runId }, signal);
  }

  /** None, without an error, in an experiment that does not exist. */
  searchRuns(query: RunQuery, signal?: AbortSignal): Promise<RunPage> {
    return runs.search(this.#rest, query, signal);
  }

  /**
   * In as few requests as MLflow's limits allow, one after another; each is stored as a whole or not at all, and after one that fails no more are
   * sent. May be repeated: points that are there already stay one, a param takes the value that it has. A param that has another value fails with
   * kind `invalid`.
   */
  logBatch(runId: string, batch: Batch, signal?: AbortSignal): Promise<void> {
    return runs.logBatch(this.#rest, runId, batch, signal);
  }

  logMetric(runId: string, metric: Metric, signal?: AbortSignal): Promise<void> {
    return this.logBatch(runId, { metrics: [metric] }, signal);
  }

  logParam(runId: string, key: string, value: string, signal?: AbortSignal): Promise<void> {
    return this.logBatch(runId, { params: [{ key, value }] }, signal);
  }

  setTag(runId: string, key: string, value: string, signal?: AbortSignal): Promise<void> {
    return this.logBatch(runId, { tags: [{ key, value }] }, signal);
  }

  /** Deleting a tag that is not there is no error. */
  deleteTag(runId: string, key: string, signal?: AbortSignal): Promise<void> {
    return runs.deleteTag(this.#rest, runId, key, signal);
  }

  /** Without `maxResults` all points in one answer. None, without an error, for a metric or a run that does not exist. */
  getMetricHistory(
    runId: string,
    key: string,
    page: { maxResults?: number; pageToken?: string } = {},
    signal?: AbortSignal,
  ): Promise<MetricHistoryPage> {
    return runs.historyPage(this.#rest, runId, key, page, signal);
  }

  /** All points, page by page. */
  metricHistory(runId: string, key: string, signal?: AbortSignal): AsyncIterable<MetricPoint> {
    return runs.history(this.#rest, runId, key, signal);
  }

  logInputs(runId: string, datasets: readonly LoggedDataset[], signal?: AbortSignal): Promise<void> {
    return runs.logInputs(this.#rest, runId, datasets, signal);
  }

  /** May be repeated: an output that the run has already stays as it is. */
  logOutputs(runId: string, models: readonly { modelId: string; step?: number }[], signal?: AbortSignal): Promise<void> {
    return runs.logOutputs(this.#rest, runId, models, signal);
  }

  /** Not idempotent. Its status is `LOGGED_MODEL_PENDING` until `finalizeLoggedModel`. */
  createLoggedModel(model: NewLoggedModel, signal?: AbortSignal): Promise<LoggedModel> {
    return loggedModels.create(this.#rest, model, signal);
  }

  getLoggedModel(modelId: string, signal?: AbortSignal): Promise<LoggedModel | undefined> {
    return loggedModels.get(this.#rest, modelId, signal);
  }

  finalizeLoggedModel(modelId: string, status: FinalLoggedModelStatus, signal?: AbortSignal): Promise<LoggedModel> {
    return loggedModels.finalize(this.#rest, modelId, status, signal);
  }

  searchLoggedModels(query: LoggedModelQuery, signal?: AbortSignal): Promise<LoggedModelPage> {
    return loggedModels.search(this.#rest, query, signal);
  }

  /** Kind `exists` when the name is taken. */
  createRegisteredModel(name: string, options: NewRegisteredModel = {}, signal?: AbortSignal): Promise<RegisteredModel> {
    return registry.createModel(this.#rest, name, options, signal);
  }

  getRegisteredModel(name: string, signal?: AbortSignal): Promise<RegisteredModel | undefined> {
    return registry.getModel(this.#rest, name, signal);
  }

  /** Not idempotent: the server counts on with each call. */
  createModelVersion(version: NewModelVersion, signal?: AbortSignal): Promise<ModelVersion> {
    return registry.createVersion(this.#rest, version, signal);
  }

  getModelVersion(name: string, version: string, signal?: AbortSignal): Promise<ModelVersion | undefined> {
    return registry.getVersion(this.#rest, name, version, signal);
  }

  searchModelVersions(query: ModelVersionQuery = {}, signal?: AbortSignal): Promise<ModelVersionPage> {
    return registry.searchVersions(this.#rest, query, signal);
  }

  /** Moves an alias that another version has. */
  setRegisteredModelAlias(name: string, alias: string, version: string, signal?: AbortSignal): Promise<void> {
    return registry.setAlias(this.#rest, name, alias, version, signal);
  }

  /** Deleting an alias that is not there is no error. */
  deleteRegisteredModelAlias(name: string, alias: string, signal?: AbortSignal): Promise<void> {
    return registry.deleteAlias(this.#rest, name, alias, signal);
  }

  getModelVersionByAlias(name: string, alias: string, signal?: AbortSignal): Promise<ModelVersion | undefined> {
    return registry.getVersionByAlias(this.#rest, name, alias, signal);
  }

  /** All pages of one folder; of the root without a path. */
  listArtifacts(runId: string, path?: string, signal?: AbortSignal): Promise<ArtifactListing> {
    return artifacts.listOfRun(this.#rest, runId, path, signal);
  }
}
