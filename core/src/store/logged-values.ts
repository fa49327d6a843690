import type { Json } from '../json.ts';
import type { MetricPoint } from './tracking-data.ts';
import { decodeNumber, joinStep } from './metric-numbers.ts';
import { NO_CONTEXT } from './series-batch.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

const sourceOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select('source_step_run_id as id').where('run_id', '=', p('id')),
);
const seriesIn = statement((db, p: Param<{ runId: string; name: number; context: number }>) =>
  db
    .selectFrom('metric_series')
    .select('id')
    .where('run_id', '=', p('runId'))
    .where('name_id', '=', p('name'))
    .where('context_id', '=', p('context')),
);
const pointsOf = statement((db, p: Param<{ seriesId: number }>) =>
  db
    .selectFrom('metric_points')
    .select(['step', 'micro', 'at', 'special', 'value'])
    .where('series_id', '=', p('seriesId'))
    .orderBy('step')
    .orderBy('micro')
    .orderBy('at'),
);
const documentOf = statement((db, p: Param<{ runId: string; name: string }>) =>
  db.selectFrom('documents').select(['mime', 'json']).where('run_id', '=', p('runId')).where('name', '=', p('name')),
);

/** By step, then time. Of a cache hit, that of its source. */
export function metricHistory(store: StoreDb, stepRunId: string, metric: string): Promise<MetricPoint[]> {
  return store.connection.read((tx) => {
    const seriesId = seriesNamed(tx, store, loggedBy(tx, stepRunId), metric);
    if (seriesId === undefined) return [];
    return tx
      .all(pointsOf, { seriesId })
      .map((row) => ({ step: joinStep(row.step, row.micro), at: row.at, value: decodeNumber(row.special, row.value) }));
  });
}

export function document(store: StoreDb, stepRunId: string, name: string): Promise<{ mime: string; value: Json } | undefined> {
  return store.connection.read((tx) => {
    const found = tx.get(documentOf, { runId: loggedBy(tx, stepRunId), name });
    return found && { mime: found.mime, value: JSON.parse(found.json) as Json };
  });
}

/** `val/loss` may be a name, or one in a context: without a context comes first, and an older context before a newer one. */
function seriesNamed(tx: Transaction, { names }: StoreDb, runId: string, metric: string): number | undefined {
  const places = [{ context: NO_CONTEXT as number | undefined, name: metric }];
  for (let at = metric.indexOf('/'); at !== -1; at = metric.indexOf('/', at + 1))
    places.push({ context: names.context.find(tx, metric.slice(0, at)), name: metric.slice(at + 1) });
  for (const { context, name: text } of places.toSorted((a, b) => (a.context ?? 0) - (b.context ?? 0))) {
    const name = context === undefined ? undefined : names.metric.find(tx, text);
    const series = name === undefined ? undefined : tx.get(seriesIn, { runId, name, context: context! });
    if (series !== undefined) return series.id;
  }
  return undefined;
}

/** The step run that really ran; anything else that logs (a pipeline run) is itself. */
function loggedBy(tx: Transaction, id: string): string {
  return tx.get(sourceOf, { id })?.id ?? id;
}
