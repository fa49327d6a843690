import type { ImportedRun } from '@mortise/core';
import type { Experiment, MlflowClient, Run } from '@mortise/mlflow-client';

import { repeated } from '../artifact-store/repeated.ts';
import { DeletedThings } from './deleted-things.ts';
import { eventsOfRun, type RunReading } from './events-of-run.ts';
import { LeftBehind } from './left-behind.ts';
import { outcomeOf } from './outcome-of.ts';
import { pages } from './pages.ts';

/** Runs of one request: with all their tags and params, about 1 MB. */
const PAGE = 100;

/** Of a run that the tracker has deleted itself: it is there under another id. */
const TWIN_TAG = 'mortise.duplicate_of';

/** All active runs of all active experiments, or of one, page by page; in the end it is said what is left there. */
export async function* runsOf(
  client: MlflowClient,
  given: Omit<RunReading, 'silent'>,
  named?: string,
): AsyncGenerator<ImportedRun, void, undefined> {
  const reading: RunReading = { ...given, silent: new Set() };
  const deleted = new DeletedThings();
  const left = new LeftBehind(client, reading.signal);
  for await (const experiment of experimentsOf(client, named, reading.signal)) {
    if (experiment.lifecycleStage === 'deleted') {
      deleted.experiments++;
      continue;
    }
    for await (const run of runsIn(client, experiment, reading.signal))
      if (run.lifecycleStage === 'active') yield importedRun(client, run, experiment, reading);
      else if (run.tags[TWIN_TAG] === undefined) deleted.runs++;
    await left.look(experiment);
  }
  if (deleted.told !== undefined) reading.warn(deleted.told);
  for (const line of await left.told({ ofServer: named === undefined })) reading.warn(line);
}

/** The one that is named. Where it is not there all are read: then it is said which of them have runs. */
async function* experimentsOf(
  client: MlflowClient,
  named: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Experiment, void, undefined> {
  const one = named === undefined ? undefined : await repeated(() => client.getExperimentByName(named, signal), signal);
  if (one?.lifecycleStage === 'active') return yield one;
  const query = { orderBy: ['creation_time ASC'], viewType: 'ALL' as const };
  yield* pages((page) => client.searchExperiments({ ...query, ...page }, signal), 'experiments', signal);
}

/** The oldest first: runs that begin meanwhile come after them. Deleted ones too: pages are counted, and would move on by what is deleted meanwhile. */
function runsIn(client: MlflowClient, { experimentId }: Experiment, signal: AbortSignal): AsyncGenerator<Run, void, undefined> {
  const query = { experimentIds: [experimentId], orderBy: ['attributes.start_time ASC'], maxResults: PAGE, runViewType: 'ALL' as const };
  return pages((page) => client.searchRuns({ ...query, ...page }, signal), 'runs', signal);
}

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
