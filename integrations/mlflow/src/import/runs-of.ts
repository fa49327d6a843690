import type { ImportedRun } from '@mortise/core';
import type { Experiment, MlflowClient, Run } from '@mortise/mlflow-client';

import { eventsOfRun, type RunReading } from './events-of-run.ts';
import { outcomeOf } from './outcome-of.ts';

/** Runs of one request: with all their tags and params, about 1 MB. */
const PAGE = 100;

/** All active runs of all active experiments, page by page. */
export async function* runsOf(client: MlflowClient, reading: RunReading): AsyncGenerator<ImportedRun, void, undefined> {
  const experiments = pages((page) => client.searchExperiments({ orderBy: ['creation_time ASC'], ...page }, reading.signal), 'experiments');
  for await (const experiment of experiments)
    for await (const run of runsIn(client, experiment, reading.signal)) yield importedRun(client, run, experiment, reading);
}

/** The oldest first: runs that begin meanwhile come after them. */
function runsIn(client: MlflowClient, { experimentId }: Experiment, signal: AbortSignal): AsyncGenerator<Run, void, undefined> {
  const query = { experimentIds: [experimentId], orderBy: ['attributes.start_time ASC'], maxResults: PAGE };
  return pages((page) => client.searchRuns({ ...query, ...page }, signal), 'runs');
}

async function* pages<Key extends string, Item>(
  ask: (page: { pageToken?: string }) => Promise<Page<Key, Item>>,
  key: Key,
): AsyncGenerator<Item, void, undefined> {
  for (let pageToken: string | undefined, isFirst = true; isFirst || pageToken !== undefined; isFirst = false) {
    const page: Page<Key, Item> = await ask(pageToken === undefined ? {} : { pageToken });
    yield* page[key];
    pageToken = page.nextPageToken;
  }
}

type Page<Key extends string, Item> = Record<Key, Item[]> & { nextPageToken?: string };

function importedRun(client: MlflowClient, run: Run, experiment: Experiment, reading: RunReading): ImportedRun {
  const { runId, runName, startTime, endTime, tags } = run;
  const outcome = outcomeOf(run);
  const user = run.userId || tags['mlflow.user'];
  // Runs below one belong together, and with it.
  const group = tags['mlflow.parentRunId'];
  return {
    id: runId,
    name: runName,
    experiment: experiment.name,
    startedAt: startTime,
    url: `${client.trackingUri}/#/experiments/${run.experimentId}/runs/${runId}`,
    ...(endTime !== undefined && outcome !== undefined && { endedAt: endTime }),
    ...(outcome !== undefined && { outcome }),
    ...(user !== undefined && user !== '' && { user }),
    ...(group !== undefined && { group }),
    events: (signal) => eventsOfRun(client, run, { ...reading, signal }),
  };
}
