import type { ImportedEvent, RunImportOptions } from '@mortise/core';
import type { LoggedDataset, MlflowClient, Run } from '@mortise/mlflow-client';

import { DIGEST_TAG } from '../experiment-tracker/run-dataset.ts';
import { edgesIn, isAtEdge, TAKEN_FOR_INFINITE } from './edge-values.ts';
import { filesOfRun } from './files-of-run.ts';
import { hasMoreThanNames, OF_DATASETS, OF_INPUTS } from './left-behind.ts';
import { pages } from './pages.ts';

/** Points of one request: about 1 MB, half a second of the server's. */
const PAGE = 10_000;

export interface RunReading {
  signal: AbortSignal;
  warn: RunImportOptions['warn'];
  /** Places outside of the server which it could not list in time: it is not asked again, run for run. */
  silent: Set<string>;
}

/** Tags in which MLflow keeps what has a place of its own here: the name, the user, the parent (whose id at another server is another one) and the note. */
const TOLD_OTHERWISE = new Set(['mlflow.runName', 'mlflow.user', 'mlflow.parentRunId', 'mlflow.note.content']);

/** What a run has logged. MLflow knows the time of points only: the rest is from the beginning, files are from the end. */
export async function* eventsOfRun(client: MlflowClient, run: Run, reading: RunReading): AsyncGenerator<ImportedEvent, void, undefined> {
  const { signal, warn } = reading;
  const { runId, params, metrics, startTime: at, endTime = at } = run;
  const set = Object.fromEntries(Object.entries(run.tags).filter(([name]) => !TOLD_OTHERWISE.has(name)));
  if (Object.keys(params).length > 0) yield { at, kind: 'params', values: params };
  if (Object.keys(set).length > 0) yield { at, kind: 'tags', set };
  const { 'mlflow.note.content': note } = run.tags;
  if (note !== undefined) yield { at, kind: 'note', markdown: note };
  const of = { id: runId, name: run.runName };
  if (run.modelInputs.length > 0) warn(OF_INPUTS, of);
  if (run.datasets.some(hasMoreThanNames)) warn(OF_DATASETS, of);
  for (const dataset of run.datasets) yield datasetEvent(dataset, at);
  const edgeOfMetric = edgesIn(run.tags);
  for (const { key } of metrics) {
    const edge = edgeOfMetric(key);
    const history = pages((page) => client.getMetricHistory(runId, key, { ...page, maxResults: PAGE }, signal), 'points', signal);
    for await (const { value: told, step, timestamp } of history) {
      if (edge === undefined && isAtEdge(told)) warn(TAKEN_FOR_INFINITE, of);
      const value = edge === 'largest' && isAtEdge(told) ? Math.sign(told) * Number.MAX_VALUE : told;
      yield { at: timestamp, kind: 'metrics', values: { [key]: value }, step };
    }
  }
  yield* filesOfRun(client, run, { ...reading, at: endTime });
}

function datasetEvent({ name, digest: kept, context, source: told, tags }: LoggedDataset, at: number): ImportedEvent {
  // MLflow keeps 36 characters of it.
  const digest = tags?.[DIGEST_TAG] ?? kept;
  const source = sourceOf(told);
  return { at, kind: 'dataset', name, digest, ...(source !== undefined && { source }), ...(context !== undefined && { context }) };
}

/** MLflow keeps it as JSON, `{"uri":"..."}` or `{"url":"..."}`; what says more is kept as it is. */
function sourceOf(told: string): string | undefined {
  try {
    const { uri, url, tags } = JSON.parse(told) as { uri?: unknown; url?: unknown; tags?: unknown };
    if (typeof (uri ?? url) === 'string') return (uri ?? url) as string;
    return tags === undefined ? told : undefined;
  } catch {
    return told || undefined;
  }
}
