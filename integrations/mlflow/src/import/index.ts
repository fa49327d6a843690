import { ImportFailed, type ImportedRun, type RunImporter, type RunImportOptions } from '@mortise/core';
import { isMlflowError, type MlflowErrorKind } from '@mortise/mlflow-client';

import { importServer } from './import-server.ts';
import { runsOf } from './runs-of.ts';

/**
 * Reads the runs of an MLflow tracking server: all active runs of its active experiments, the oldest of each first. What was deleted is only told. Credentials are those of MLflow's own
 * variables.
 * @param from address of the server, `http(s)://host[:port][/prefix]`
 * @throws ImportFailed for what is no such address
 */
export default async function importer(from: string, { env, warn, experiment }: RunImportOptions): Promise<RunImporter> {
  const client = importServer(from, env, warn);
  return { vendor: 'mlflow', runs: (signal) => orReason(from, runsOf(client, { signal, warn }, experiment)) };
}

async function* orReason(from: string, runs: AsyncIterable<ImportedRun>): AsyncGenerator<ImportedRun, void, undefined> {
  try {
    yield* runs;
  } catch (error) {
    if (!isMlflowError(error)) throw error;
    const advice = ADVICE[error.kind];
    throw new ImportFailed({ from, reason: error.message, ...(advice !== undefined && { advice }) }, { cause: error });
  }
}

const START = 'Check the address, and that the server runs: "mlflow server --backend-store-uri FOLDER_OR_DATABASE" starts one.';
const CREDENTIALS =
  'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, to those of somebody who may read them.';
const ADVICE: Readonly<Partial<Record<MlflowErrorKind, string>>> = {
  unreachable: START,
  timeout: START,
  protocol: START,
  unauthorized: CREDENTIALS,
  forbidden: CREDENTIALS,
};
