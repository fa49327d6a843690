import type { Json } from '../json.ts';
import type { MetricPoint } from './tracking-data.ts';
import { decodeNumber, joinStep } from './metric-numbers.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { metricName } from './tracked-summaries.ts';
import type { Transaction } from './transaction.ts';

const sourceOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select('source_step_run_id as id').where('run_id', '=', p('id')),
);
const seriesOf = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('metric_series as m')
    .innerJoin('names as n', 'n.id', 'm.name_id')
    .leftJoin('names as c', 'c.id', 'm.context_id')
    .select(['m.id', 'n.text as name', 'c.text as context'])
    .where('m.run_id', '=', p('runId'))
    .orderBy('m.context_id'),
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
    const series = tx.all(seriesOf, { runId: loggedBy(tx, stepRunId) }).find((each) => metricName(each) === metric);
    if (series === undefined) return [];
    return tx
      .all(pointsOf, { seriesId: series.id })
      .map((row) => ({ step: joinStep(row.step, row.micro), at: row.at, value: decodeNumber(row.special, row.value) }));
  });
}

export function document(store: StoreDb, stepRunId: string, name: string): Promise<{ mime: string; value: Json } | undefined> {
  return store.connection.read((tx) => {
    const found = tx.get(documentOf, { runId: loggedBy(tx, stepRunId), name });
    return found && { mime: found.mime, value: JSON.parse(found.json) as Json };
  });
}

/** The step run that really ran; anything else that logs (a pipeline run) is itself. */
function loggedBy(tx: Transaction, id: string): string {
  return tx.get(sourceOf, { id })?.id ?? id;
}
