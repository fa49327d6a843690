import { Permanent } from '@mortise/core';
import type { MlflowClient, Run } from '@mortise/mlflow-client';

/**
 * A run that was there. What was confirmed is not sent again, so a new one in its place would have a hole.
 * @throws Permanent when it is gone, with the way to bring it back
 */
export async function presentRun(client: MlflowClient, runId: string, signal: AbortSignal): Promise<Run> {
  const run = await client.getRun(runId, signal);
  if (run !== undefined && run.lifecycleStage !== 'deleted') return run;
  const [what, then] =
    run === undefined
      ? [`is not at ${client.trackingUri} any more`, 'bring back its database']
      : [`was deleted at ${client.trackingUri}`, `restore ${await deletedPart(client, run, signal)}`];
  throw new Permanent(`the MLflow run ${runId} ${what}: ${then}, or give it up with "mortise tracker drop"`);
}

/** Runs of a deleted experiment are deleted with it, and come back with it. */
async function deletedPart(client: MlflowClient, { runId, experimentId }: Run, signal: AbortSignal): Promise<string> {
  const experiment = await client.getExperiment(experimentId, signal);
  return experiment?.lifecycleStage === 'deleted'
    ? `its experiment (mlflow experiments restore --experiment-id ${experimentId})`
    : `it (mlflow runs restore --run-id ${runId})`;
}
