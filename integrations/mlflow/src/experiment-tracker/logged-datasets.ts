import { isMlflowError, type MlflowClient } from '@mortise/mlflow-client';

import type { Gathered, Refused } from './gather-events.ts';
import { shownName } from './mlflow-names.ts';
import { presentRun } from './present-run.ts';
import { isRefusal } from './tracker-failure.ts';

/**
 * Logs datasets as inputs of a run. One that the server refuses, as all by one from before MLflow 2.4, keeps nothing else from arriving.
 * Gives those that it took, and why not the others. Throws any other `MlflowError`, and `Permanent` where the run is gone.
 */
export async function loggedDatasets(
  { client, runId }: { client: MlflowClient; runId: string },
  datasets: Gathered['datasets'],
  signal: AbortSignal,
): Promise<{ datasets: Gathered['datasets']; refused: Refused[] }> {
  const log = (some: Gathered['datasets']): Promise<void> =>
    client.logInputs(
      runId,
      some.map(({ dataset }) => dataset),
      signal,
    );
  if (datasets.length === 0) return { datasets, refused: [] };
  try {
    await log(datasets);
    return { datasets, refused: [] };
  } catch (error) {
    if (!isRefusalOfDatasets(error)) throw error;
    // A run that is gone refuses them as well, and so does what stands in the server's place: that is not for the datasets' sake, and may be mended.
    await presentRun(client, runId, signal);
  }
  const taken: Gathered['datasets'] = [];
  const refused: Refused[] = [];
  for (const each of datasets) {
    try {
      await log([each]);
      taken.push(each);
    } catch (error) {
      if (!isRefusalOfDatasets(error)) throw error;
      const { writer, seq, name } = each.event;
      refused.push({ writer, seq, why: `the dataset ${shownName(name)} was not logged: ${error.message}` });
    }
  }
  return { datasets: taken, refused };
}

/** A server that does not know the call answers it with 404 and a page, one whose store cannot do it with 501. */
function isRefusalOfDatasets(error: unknown): error is Error {
  return isRefusal(error) || (isMlflowError(error) && (error.status === 404 || error.status === 501));
}
