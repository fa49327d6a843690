import { isMlflowError, type Experiment, type LoggedDataset, type LoggedModel, type MlflowClient, type Run } from '@mortise/mlflow-client';

import { repeated } from '../artifact-store/repeated.ts';
import { DIGEST_TAG } from '../experiment-tracker/run-dataset.ts';

/** What is kept of a logged model beside its files, and not of the run as well. */
export const OF_MODELS = 'params and tags of its logged models are not imported, only their files';

/** Of what a run has read, as programs of MLflow log it. */
export const OF_INPUTS = 'which logged models it has read is not imported';
export const OF_DATASETS = 'schemas, profiles and tags of its datasets are not imported';

export function hasMoreThanNames({ schema, profile, tags = {} }: LoggedDataset): boolean {
  return schema !== undefined || profile !== undefined || Object.keys(tags).some((name) => name !== DIGEST_TAG);
}

export function hasMoreThanFiles({ params, tags }: LoggedModel, run: Run): boolean {
  const isOwn = (name: string): boolean => run.params[name] !== params[name];
  return Object.keys(params).some(isOwn) || Object.keys(tags).some((name) => !name.startsWith('mlflow.'));
}

/** What an MLflow server has beside runs, for which there is no place here. */
export class LeftBehind {
  readonly #client: MlflowClient;
  readonly #signal: AbortSignal;
  readonly #traced: string[] = [];

  constructor(client: MlflowClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  async look({ experimentId, name }: Experiment): Promise<void> {
    if (await this.#isSo(() => this.#client.hasTraces(experimentId, this.#signal))) this.#traced.push(name);
  }

  /** A line for each kind. `ofServer`: also for what belongs to no experiment. */
  async told({ ofServer }: { ofServer: boolean }): Promise<string[]> {
    const { length: n } = this.#traced;
    const traced =
      n === 1 ? `the experiment "${this.#traced[0]}"` : `"${this.#traced[0]}" and ${n - 1} other experiment${n === 2 ? '' : 's'}`;
    const hasVersions = async (): Promise<boolean> =>
      (await this.#client.searchModelVersions({ maxResults: 1 }, this.#signal)).versions.length > 0;
    return [
      ...(n === 0 ? [] : [`traces are not imported: there are some in ${traced}`]),
      ...(ofServer && (await this.#isSo(hasVersions)) ? ['registered models are not imported, nor their versions and aliases'] : []),
    ];
  }

  /** That nobody may look, or an older server has no such thing, is no reason to end an import. */
  async #isSo(ask: () => Promise<boolean>): Promise<boolean> {
    try {
      return await repeated(ask, this.#signal);
    } catch (error) {
      if (!isMlflowError(error)) throw error;
      return false;
    }
  }
}
