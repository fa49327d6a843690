import { decodeParam } from './annotations.ts';
import type { MetricSummary, TrackedSummary } from './tracking-data.ts';
import { decodeNumber, joinStep } from './metric-numbers.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import { type OfRun, workingStepRuns } from './step-run-ids.ts';
import type { Transaction } from './transaction.ts';

const paramsOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('params as p')
    .innerJoin('names as n', 'n.id', 'p.name_id')
    .select(['p.run_id', 'n.text as name', 'p.type', 'p.text'])
    .where('p.run_id', 'in', workingStepRuns(db, p)),
);
const seriesOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('metric_series as m')
    .innerJoin('names as n', 'n.id', 'm.name_id')
    .leftJoin('names as c', 'c.id', 'm.context_id')
    .selectAll('m')
    .select(['n.text as name', 'c.text as context'])
    .where('m.run_id', 'in', workingStepRuns(db, p)),
);
const tagsOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('tags as t')
    .innerJoin('names as n', 'n.id', 't.name_id')
    .select(['t.entity_id', 'n.text as name', 't.value'])
    .where('t.entity', '=', 'run')
    .where('t.entity_id', 'in', workingStepRuns(db, p)),
);
const notesOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('runs')
    .select(['id', 'note'])
    .where('id', 'in', workingStepRuns(db, p))
    .where('note', 'is not', null)
    .$narrowType<{ note: string }>(),
);
const artifactsOf = statement((db, p: Param<OfRun>) =>
  db.selectFrom('logged_artifacts').select(['run_id', 'path', 'uri', 'sha256', 'size']).where('run_id', 'in', workingStepRuns(db, p)),
);
const documentsOf = statement((db, p: Param<OfRun>) =>
  db.selectFrom('documents').select(['run_id', 'name', 'mime']).where('run_id', 'in', workingStepRuns(db, p)),
);

export function emptySummary(): TrackedSummary {
  return { params: {}, metrics: {}, tags: {}, artifacts: [], documents: [] };
}

/** What was logged in each of the working step runs of a pipeline run, by their ids. */
export function trackedSummaries(tx: Transaction, runId: string): Map<string, TrackedSummary> {
  const found = new Map<string, TrackedSummary>();
  const of = (id: string): TrackedSummary => {
    let summary = found.get(id);
    if (summary === undefined) found.set(id, (summary = emptySummary()));
    return summary;
  };
  for (const row of tx.all(paramsOf, { runId })) define(of(row.run_id).params, row.name, decodeParam(row));
  for (const row of tx.all(seriesOf, { runId })) define(of(row.run_id).metrics, metricName(row), metricSummary(row));
  for (const row of tx.all(tagsOf, { runId })) define(of(row.entity_id).tags, row.name, row.value);
  for (const row of tx.all(notesOf, { runId })) of(row.id).note = row.note;
  for (const { run_id: id, ...artifact } of tx.all(artifactsOf, { runId })) of(id).artifacts.push({ ...artifact });
  for (const { run_id: id, ...document } of tx.all(documentsOf, { runId })) of(id).documents.push({ ...document });
  return found;
}

/** A name that a person chose may be `__proto__`. */
function define<T>(values: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true });
}

const metricName = (row: { name: string; context: string | null }): string =>
  row.context === null ? row.name : `${row.context}/${row.name}`;

function metricSummary(row: RowOf<typeof seriesOf>): MetricSummary {
  return {
    last: decodeNumber(row.last_special, row.last),
    lastStep: joinStep(row.last_step, row.last_micro),
    lastAt: row.last_at,
    min: row.min ?? NaN,
    max: row.max ?? NaN,
    count: row.n,
  };
}
