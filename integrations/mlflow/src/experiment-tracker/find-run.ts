import type { MlflowClient, Run } from '@mortise/mlflow-client';

import { END_TAG, KEY_TAG, OPENED_TAG, OWN_PREFIX } from './run-tags.ts';

/** Where a run with a key of ours is looked for. */
export interface RunPlace {
  experimentId: string;
  key: string;
}

/**
 * The run with our key. When a request to create one was answered so late that it was made again, there are two: the one that has something, else the
 * older one, is kept, and the empty ones are deleted.
 */
export async function findRun(client: MlflowClient, place: RunPlace, signal: AbortSignal): Promise<Run | undefined> {
  const [kept, ...others] = (await runsWithKey(client, place, signal)).sort(byRight);
  if (kept !== undefined) await removeEmpty(client, others, kept.runId, signal);
  return kept;
}

/** Deletes empty runs with our key, apart from the one that is kept. */
export async function removeTwins(client: MlflowClient, place: RunPlace, keptId: string, signal: AbortSignal): Promise<void> {
  const others = (await runsWithKey(client, place, signal)).filter(({ runId }) => runId !== keptId);
  await removeEmpty(client, others, keptId, signal);
}

async function runsWithKey(client: MlflowClient, { experimentId, key }: RunPlace, signal: AbortSignal): Promise<Run[]> {
  const filter = `tags.\`${KEY_TAG}\` = '${key}'`;
  return (await client.searchRuns({ experimentIds: [experimentId], filter, maxResults: 100 }, signal)).runs;
}

async function removeEmpty(client: MlflowClient, runs: readonly Run[], keptId: string, signal: AbortSignal): Promise<void> {
  for (const { runId } of runs.filter(isEmpty)) {
    await client.setTag(runId, `${OWN_PREFIX}duplicate_of`, keptId, signal);
    await client.deleteRun(runId, signal);
  }
}

function byRight(a: Run, b: Run): number {
  return Number(isEmpty(a)) - Number(isEmpty(b)) || openedAt(a) - openedAt(b) || (a.runId < b.runId ? -1 : 1);
}

const openedAt = ({ tags }: Run): number => Number(tags[OPENED_TAG] ?? Infinity);

function isEmpty({ metrics, params, datasets, modelOutputs, tags }: Run): boolean {
  return metrics.length + Object.keys(params).length + datasets.length + modelOutputs.length === 0 && tags[END_TAG] === undefined;
}
