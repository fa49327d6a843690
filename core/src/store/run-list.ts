import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Page, RunQuery } from './queries.ts';
import type { RunSummary } from './run-data.ts';
import { decodeCursor, encodeCursor, limitOf, orderOf, pageOf } from './page.ts';
import { pipelineRuns } from './run-records.ts';
import { errorOf } from './runs.ts';
import { queries } from './sqlite-dialect.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

/** Beyond this many matches of a tag, runs are walked in the list's order and asked for it; below, the matches are sorted. */
const FEW = 1000;

export function runs(store: StoreDb, query: RunQuery): Promise<Page<RunSummary>> {
  return store.connection.read((tx) => {
    const list = runList(tx, store, query);
    if (list === undefined) return { items: [] };
    const { sort, key } = sortOf(query);
    return pageOf(tx.rows(list), limitOf(query), summary, (row) => encodeCursor(sort, [row[key], row.id]));
  });
}

function sortOf(query: RunQuery) {
  const sort = query.sort ?? '-startedAt';
  const { column, direction } = orderOf(sort, { startedAt: 'started_at', name: 'name' } as const);
  return { sort, key: column, direction };
}

/** undefined when nothing can match. */
function runList(tx: Transaction, store: StoreDb, query: RunQuery) {
  const { sort, key, direction } = sortOf(query);
  let list = pipelineRuns(queries)
    // A left join, so that runs are walked in the order of the list and experiments are looked up.
    .leftJoin('experiments as e', 'e.id', 'runs.experiment_id')
    .select(['runs.id', 'runs.name', 'pipeline', 'e.name as experiment', 'status', 'stack', 'started_at', 'ended_at', 'user'])
    .select(['error_name', 'error_message', 'error_stack'])
    .$narrowType<{ pipeline: string; experiment: string; stack: string; status: RunStatus }>()
    .orderBy(`runs.${key}`, direction)
    .orderBy('runs.id', direction)
    .limit(limitOf(query) + 1);
  if (query.pipeline !== undefined) list = list.where('pipeline', '=', query.pipeline);
  if (query.status !== undefined) list = list.where('status', '=', query.status);
  if (query.stack !== undefined) list = list.where('stack', '=', query.stack);
  const { name, experiment, tags = {}, after } = query;
  if (name !== undefined) list = list.where((eb) => eb(eb.fn<number>('instr', ['runs.name', eb.val(name)]), '>', 0));
  if (experiment !== undefined) {
    const id = store.experiments.find(tx, experiment);
    if (id === undefined) return undefined;
    list = list.where('experiment_id', '=', id);
  }
  let few: readonly string[] | undefined;
  for (const [tag, value] of Object.entries(tags)) {
    const nameId = store.names.tag.find(tx, tag);
    if (nameId === undefined) return undefined;
    const ids = new Set(tx.rows(taggedRuns(nameId, value).limit(FEW + 1)).map((row) => row.entity_id));
    if (ids.size <= FEW) few = few === undefined ? [...ids] : few.filter((id) => ids.has(id));
    else list = list.where((eb) => eb.exists(taggedRuns(nameId, value).whereRef('entity_id', '=', eb.ref('runs.id'))));
  }
  if (few !== undefined) list = list.where('runs.id', 'in', few);
  if (after !== undefined) {
    const [value, id] = decodeCursor(sort, after, 2) as [string, string];
    list = list.where((eb) => eb(eb.refTuple(`runs.${key}`, 'runs.id'), direction === 'desc' ? '<' : '>', eb.tuple(value, id)));
  }
  return list;
}

function taggedRuns(nameId: number, value: string) {
  return queries
    .selectFrom('tags')
    .select('entity_id')
    .where('name_id', '=', nameId)
    .where('value', '=', value)
    .where('entity', '=', 'run');
}

type SummaryRow = NonNullable<ReturnType<typeof runList>> extends { execute(): Promise<(infer Row)[]> } ? Row : never;

function summary(row: SummaryRow): RunSummary {
  return {
    id: row.id,
    name: row.name,
    pipeline: row.pipeline,
    experiment: row.experiment,
    status: row.status,
    stack: row.stack,
    startedAt: row.started_at,
    ...(row.ended_at !== null && { endedAt: row.ended_at }),
    ...(row.user !== null && { user: row.user }),
    ...errorOf(row),
  };
}
