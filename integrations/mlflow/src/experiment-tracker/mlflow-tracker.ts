import type {
  ComponentContext,
  ExperimentTracker,
  Logger,
  TrackerRun,
  TrackerRunIdentity,
  TrackerRunRef,
  TrackerRunStart,
} from '@mortise/core';
import type { Run } from '@mortise/mlflow-client';

import { trackingServer, type TrackingServer } from '../tracking-server.ts';
import { ExperimentIds, experimentNameOf } from './experiment-ids.ts';
import { findRun, type RunPlace } from './find-run.ts';
import { MLFLOW_CAPABILITIES } from './mlflow-capabilities.ts';
import type { MlflowTrackerConfig } from './mlflow-tracker-config.ts';
import { MlflowTrackerRun, type MlflowRun } from './mlflow-tracker-run.ts';
import type { MlflowTrackerSettings } from './mlflow-tracker-settings.ts';
import { presentRun } from './present-run.ts';
import { END_TAGS, keptTime, markedEnd, REFUSED_TAGS, startTags } from './run-tags.ts';
import { LONGEST_OLD_TAG } from './tag-text.ts';
import { atMlflow, isRefusal } from './tracker-failure.ts';

/** MLflow's own variable. */
const EXPERIMENT_NAME = 'MLFLOW_EXPERIMENT_NAME';

export async function create({ config, log, ...context }: ComponentContext<MlflowTrackerConfig>): Promise<MlflowTracker> {
  // As MLflow's other variables, it counts where the config does not name the server.
  const byVariable = config.trackingUri === undefined ? process.env[EXPERIMENT_NAME] || undefined : undefined;
  return new MlflowTracker({ ...(await trackingServer(config, context)), experimentName: config.experimentName ?? byVariable, log });
}

interface MlflowTrackerOptions extends TrackingServer {
  /** For runs that name no experiment. */
  experimentName: string | undefined;
  log: Logger;
}

/** Each tracker run is a run at an MLflow server. */
export class MlflowTracker implements ExperimentTracker<MlflowRun> {
  readonly capabilities = MLFLOW_CAPABILITIES;
  readonly #options: MlflowTrackerOptions;
  readonly #experiments: ExperimentIds;
  /** Keys of runs whose creation was not answered: the server may still create them. */
  readonly #unanswered = new Set<string>();
  readonly #said = new Set<string>();
  /** Names of experiments by id. */
  readonly #names = new Map<string, string>();

  constructor(options: MlflowTrackerOptions) {
    this.#options = options;
    this.#experiments = new ExperimentIds(options.client);
  }

  async open(
    id: TrackerRunIdentity,
    start: TrackerRunStart,
    known: TrackerRunRef | undefined,
    signal: AbortSignal,
  ): Promise<TrackerRun<MlflowRun>> {
    signal.throwIfAborted();
    const { client } = this.#options;
    const found = await atMlflow(() => (known?.id === undefined ? this.#findOrCreate(id, start, signal) : this.#known(known.id, signal)));
    const run = start.resumed === true ? await atMlflow(() => this.#reopen(found, signal)) : found;
    const settings = start.settings as Partial<MlflowTrackerSettings>;
    const mayHaveTwin = known?.id !== undefined || this.#unanswered.has(id.key);
    const opened = new MlflowTrackerRun({
      ...{ client, run, key: id.key, known, settings, isStep: id.stepId !== undefined, readArtifact: start.readArtifact, mayHaveTwin },
      warn: (message) => this.#warn(message),
    });
    if (start.params !== undefined) await atMlflow(() => opened.setParams(start.params!, signal));
    return opened;
  }

  /** Asks whether the server is there, is an MLflow, and lets us see experiments. */
  async check(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    await atMlflow(async () => {
      await client.health(signal);
      await client.searchExperiments({ maxResults: 1 }, signal);
    });
  }

  childEnv({ ids }: TrackerRunRef): Record<string, string> {
    const { mlflow_run_id: run, mlflow_experiment_id: experiment } = ids;
    return {
      ...this.#options.env,
      ...(run !== undefined && { MLFLOW_RUN_ID: run }),
      ...(experiment !== undefined && { MLFLOW_EXPERIMENT_ID: experiment }),
      ...this.#experimentName(experiment),
    };
  }

  /** An inherited name of another experiment would have nested runs of a program go there, or fail: MLflow has none that is empty. */
  #experimentName(id: string | undefined): Record<string, string> {
    const name = id === undefined ? undefined : this.#names.get(id);
    return process.env[EXPERIMENT_NAME] === undefined || name === undefined ? {} : { [EXPERIMENT_NAME]: name };
  }

  #warn(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#options.log.warn(message);
  }

  #name(id: string, name: string | undefined): void {
    if (name !== undefined) this.#names.set(id, name);
  }

  async #known(runId: string, signal: AbortSignal): Promise<Run> {
    const { client } = this.#options;
    const run = await presentRun(client, runId, signal);
    const { experimentId: id } = run;
    if (process.env[EXPERIMENT_NAME] !== undefined && !this.#names.has(id)) this.#name(id, (await client.getExperiment(id, signal))?.name);
    return run;
  }

  async #findOrCreate(id: TrackerRunIdentity, start: TrackerRunStart, signal: AbortSignal): Promise<Run> {
    const name = experimentNameOf(start, this.#options.experimentName);
    const place: RunPlace = { experimentId: await this.#experiments.of(name, signal), key: id.key };
    this.#name(place.experimentId, name);
    try {
      return (await findRun(this.#options.client, place, signal)) ?? (await this.#create(id, start, place, signal));
    } catch (error) {
      this.#experiments.forget(name);
      // It may have been deleted, which is told better than by what the server says of a run in it.
      if (isRefusal(error)) await this.#experiments.of(name, signal);
      throw error;
    }
  }

  async #create(id: TrackerRunIdentity, start: TrackerRunStart, { experimentId, key }: RunPlace, signal: AbortSignal): Promise<Run> {
    const again = this.#unanswered.has(key);
    this.#unanswered.add(key);
    const run = await this.#createWith(startTags(id, start, Date.now()), start, experimentId, signal).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      return this.#createWith(startTags(id, start, Date.now(), LONGEST_OLD_TAG), start, experimentId, signal);
    });
    if (!again) this.#unanswered.delete(key);
    return run;
  }

  async #createWith(tags: Record<string, string>, start: TrackerRunStart, experimentId: string, signal: AbortSignal): Promise<Run> {
    const run = await this.#options.client.createRun(
      {
        experimentId,
        startTime: keptTime(start.startedAt),
        runName: start.name.toWellFormed(),
        ...(start.user !== undefined && { userId: start.user.toWellFormed() }),
        tags,
      },
      signal,
    );
    const refused = tags[REFUSED_TAGS];
    if (refused !== undefined) this.#warn(`MLflow does not show all tags that are set: ${refused}`);
    return run;
  }

  /** Its pipeline run goes on after an end. */
  async #reopen(run: Run, signal: AbortSignal): Promise<Run> {
    const { client } = this.#options;
    if (markedEnd(run.tags) === undefined && run.status === 'RUNNING') return run;
    await client.updateRun(run.runId, { status: 'RUNNING' }, signal);
    for (const tag of END_TAGS) if (run.tags[tag] !== undefined) await client.deleteTag(run.runId, tag, signal);
    return (await client.getRun(run.runId, signal)) ?? run;
  }
}
