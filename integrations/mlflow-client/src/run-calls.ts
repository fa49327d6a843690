import { batchBodies, type Batch } from './batch.ts';
import { datasetInput, type LoggedDataset } from './dataset.ts';
import { found, type Rest } from './http/rest.ts';
import { metricPoint, type MetricHistoryPage, type MetricPoint } from './metric.ts';
import { isMlflowError } from './mlflow-error.ts';
import { pairs } from './pairs.ts';
import { invalid, refuseUnlessTag, refuseUnlessTime } from './refuse.ts';
import { run, runStatuses, type NewRun, type Run, type RunPage, type RunQuery, type RunUpdate } from './run.ts';

/** Points of one request of a whole history: about 1 MB, half a second of the server's. */
const HISTORY_PAGE = 10_000;

export async function create(rest: Rest, { experimentId, startTime, runName, userId, tags }: NewRun, signal?: AbortSignal): Promise<Run> {
  refuseUnlessTime('the start of a run', startTime);
  const listed = pairs(tags);
  listed.forEach(refuseUnlessTag);
  const asked = { experiment_id: experimentId, start_time: startTime, run_name: runName, user_id: userId, tags: listed };
  return run((await rest.post('runs/create', asked, signal)).object('run'));
}

export async function get(rest: Rest, runId: string, signal?: AbortSignal): Promise<Run | undefined> {
  const answer = await found(rest.get('runs/get', { run_id: runId }, signal));
  return answer && run(answer.object('run'));
}

export async function update(rest: Rest, runId: string, { status, endTime, runName }: RunUpdate, signal?: AbortSignal): Promise<void> {
  if (status !== undefined && !runStatuses.includes(status)) {
    throw invalid(`${JSON.stringify(status)} is no status of an MLflow run, which are ${runStatuses.join(', ')}`);
  }
  if (endTime !== undefined) refuseUnlessTime('the end of a run', endTime);
  if (runName === '') throw invalid('A run cannot lose its name: MLflow keeps the old one without a word');
  await rest.post('runs/update', { run_id: runId, status, end_time: endTime, run_name: runName }, signal);
}

export async function search(rest: Rest, query: RunQuery, signal?: AbortSignal): Promise<RunPage> {
  const { experimentIds, filter, orderBy, maxResults, pageToken, runViewType } = query;
  const asked = {
    experiment_ids: experimentIds,
    filter,
    order_by: orderBy,
    max_results: maxResults,
    page_token: pageToken,
    run_view_type: runViewType,
  };
  const answer = await rest.post('runs/search', asked, signal);
  return { runs: answer.objects('runs').map(run), ...answer.nextPage() };
}

export async function logBatch(rest: Rest, runId: string, batch: Batch, signal?: AbortSignal): Promise<void> {
  for (const body of batchBodies(runId, batch)) await rest.post('runs/log-batch', body, signal);
}

export async function deleteTag(rest: Rest, runId: string, key: string, signal?: AbortSignal): Promise<void> {
  try {
    await rest.post('runs/delete-tag', { run_id: runId, key }, signal);
  } catch (error) {
    // The run being there, what should be gone is gone.
    if (!isMlflowError(error) || error.kind !== 'not-found' || !/No tag with name/.test(error.message)) throw error;
  }
}

export async function historyPage(
  rest: Rest,
  runId: string,
  key: string,
  { maxResults, pageToken }: { maxResults?: number | undefined; pageToken?: string | undefined },
  signal?: AbortSignal,
): Promise<MetricHistoryPage> {
  const query = { run_id: runId, metric_key: key, max_results: maxResults, page_token: pageToken };
  const answer = await rest.get('metrics/get-history', query, signal);
  return { points: answer.objects('metrics').map(metricPoint), ...answer.nextPage() };
}

export async function* history(rest: Rest, runId: string, key: string, signal?: AbortSignal): AsyncGenerator<MetricPoint, void, undefined> {
  for (let pageToken: string | undefined, isFirst = true; isFirst || pageToken !== undefined; isFirst = false) {
    const page: MetricHistoryPage = await historyPage(rest, runId, key, { maxResults: HISTORY_PAGE, pageToken }, signal);
    yield* page.points;
    pageToken = page.nextPageToken;
  }
}

export async function logInputs(rest: Rest, runId: string, datasets: readonly LoggedDataset[], signal?: AbortSignal): Promise<void> {
  await rest.post('runs/log-inputs', { run_id: runId, datasets: datasets.map(datasetInput) }, signal);
}

/** One by one: the server refuses all of a request that names a model which the run has already. */
export async function logOutputs(
  rest: Rest,
  runId: string,
  models: readonly { modelId: string; step?: number }[],
  signal?: AbortSignal,
): Promise<void> {
  for (const { modelId, step = 0 } of models) {
    try {
      await rest.post('runs/outputs', { run_id: runId, models: [{ model_id: modelId, step }] }, signal);
    } catch (error) {
      if (!isMlflowError(error) || error.kind !== 'exists') throw error;
    }
  }
}
