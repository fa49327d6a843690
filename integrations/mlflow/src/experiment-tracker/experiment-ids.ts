import { Permanent, type TrackerRunStart } from '@mortise/core';
import { isMlflowError, type MlflowClient } from '@mortise/mlflow-client';

import type { MlflowTrackerSettings } from './mlflow-tracker-settings.ts';

/**
 * Name of a tracker run's experiment: the setting `experimentName`, then what the run or the setting `experiment` names, then the component's config, then the
 * pipeline's name. Core gives the pipeline's name where nothing else is named.
 */
export function experimentNameOf({ experiment, tags, settings }: TrackerRunStart, configured: string | undefined): string {
  const { experimentName } = settings as Partial<MlflowTrackerSettings>;
  const unset = experiment === tags['mortise.pipeline'] ? (configured ?? experiment) : experiment;
  return (experimentName ?? unset).toWellFormed();
}

/** What MLflow's pages call "model training": their other kind of experiment, about applications on language models, has traces first and no curves. */
const KIND = { 'mlflow.experimentKind': 'custom_model_development' };

/** Ids of experiments by name, each asked for once. */
export class ExperimentIds {
  readonly #client: MlflowClient;
  readonly #known = new Map<string, string>();

  constructor(client: MlflowClient) {
    this.#client = client;
  }

  /** Makes the experiment unless it is there. Throws `Permanent` for one that was deleted. */
  async of(name: string, signal: AbortSignal): Promise<string> {
    const id = this.#known.get(name) ?? (await this.#find(name, signal)) ?? (await this.#create(name, signal));
    this.#known.set(name, id);
    return id;
  }

  /** Something was amiss with it: it is asked for again. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  async #find(name: string, signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#client.getExperimentByName(name, signal);
    if (found?.lifecycleStage === 'deleted')
      throw new Permanent(
        `the MLflow experiment "${name}" was deleted: restore it (mlflow experiments restore --experiment-id ${found.experimentId}), or name another`,
      );
    return found?.experimentId;
  }

  async #create(name: string, signal: AbortSignal): Promise<string> {
    try {
      return await this.#client.createExperiment(name, { tags: KIND }, signal);
    } catch (error) {
      if (!isMlflowError(error) || error.kind !== 'exists') throw error;
      const id = await this.#find(name, signal);
      if (id === undefined) throw error;
      return id;
    }
  }
}
