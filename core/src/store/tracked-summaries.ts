import { decodeParam } from './annotations.ts';
import type { MetricSummary, TrackedSummary } from './metadata-store.ts';
import { decodeNumber, joinStep } from './metric-numbers.ts';
import { queries } from './sqlite-dialect.ts';
import type { StepRunIds } from './step-run-ids.ts';
import type { Transaction } from './transaction.ts';

export function emptySummary(): TrackedSummary {
  return { params: {}, metrics: {}, tags: {}, artifacts: [], documents: [] };
}

/** What was logged in each of the given step runs, by their ids. */
export function trackedSummaries(tx: Transaction, ids: StepRunIds): Map<string, TrackedSummary> {
  const found = new Map<string, TrackedSummary>();
  const of = (id: string): TrackedSummary => {
    let summary = found.get(id);
    if (summary === undefined) found.set(id, (summary = emptySummary()));
    return summary;
  };
  for (const row of tx.rows(paramsIn(ids))) define(of(row.run_id).params, row.name, decodeParam(row));
  for (const row of tx.rows(seriesIn(ids))) define(of(row.run_id).metrics, metricName(row), metricSummary(row));
  for (const row of tx.rows(tagsIn(ids))) define(of(row.entity_id).tags, row.name, row.value);
  for (const row of tx.rows(notesIn(ids))) of(row.id).note = row.note;
  for (const { run_id: id, ...artifact } of tx.rows(artifactsIn(ids))) of(id).artifacts.push({ ...artifact });
  for (const { run_id: id, ...document } of tx.rows(documentsIn(ids))) of(id).documents.push({ ...document });
  return found;
}

/** A name that a person chose may be `__proto__`. */
function define<T>(values: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}

export const metricName = (row: { name: string; context: string | null }): string =>
  row.context === null ? row.name : `${row.context}/${row.name}`;

export function paramsIn(ids: StepRunIds) {
  return queries
    .selectFrom('params as p')
    .innerJoin('names as n', 'n.id', 'p.name_id')
    .select(['p.run_id', 'n.text as name', 'p.type', 'p.text'])
    .where('p.run_id', 'in', ids);
}

export function seriesIn(ids: StepRunIds) {
  return queries
    .selectFrom('metric_series as m')
    .innerJoin('names as n', 'n.id', 'm.name_id')
    .leftJoin('names as c', 'c.id', 'm.context_id')
    .selectAll('m')
    .select(['n.text as name', 'c.text as context'])
    .where('m.run_id', 'in', ids);
}

export function tagsIn(ids: StepRunIds) {
  return queries
    .selectFrom('tags as t')
    .innerJoin('names as n', 'n.id', 't.name_id')
    .select(['t.entity_id', 'n.text as name', 't.value'])
    .where('t.entity', '=', 'run')
    .where('t.entity_id', 'in', ids);
}

export function notesIn(ids: StepRunIds) {
  return queries
    .selectFrom('runs')
    .select(['id', 'note'])
    .where('id', 'in', ids)
    .where('note', 'is not', null)
    .$narrowType<{ note: string }>();
}

export function artifactsIn(ids: StepRunIds) {
  return queries.selectFrom('logged_artifacts').select(['run_id', 'path', 'uri', 'sha256', 'size']).where('run_id', 'in', ids);
}

export function documentsIn(ids: StepRunIds) {
  return queries.selectFrom('documents').select(['run_id', 'name', 'mime']).where('run_id', 'in', ids);
}

type SeriesRow = ReturnType<typeof seriesIn> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function metricSummary(row: SeriesRow): MetricSummary {
  return {
    last: decodeNumber(row.last_special, row.last),
    lastStep: joinStep(row.last_step, row.last_micro),
    lastAt: row.last_at,
    min: row.min ?? NaN,
    max: row.max ?? NaN,
    count: row.n,
  };
}
