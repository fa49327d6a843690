import type { Page, VersionQuery } from './queries.ts';
import type { VersionRecord } from './version-data.ts';
import { decodeCursor, encodeCursor, limitOf, orderOf, pageOf } from './page.ts';
import { queries } from './sqlite-dialect.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';
import { availableVersions, versionsByName, withMetadata } from './version-records.ts';

/** Newest first unless sorted otherwise; of one artifact, the highest number first. */
export function versions(store: StoreDb, query: VersionQuery): Promise<Page<VersionRecord>> {
  return store.connection.read((tx) => {
    const list = versionList(tx, store, query);
    if (list === undefined) return { items: [] };
    const { sort, keys } = sortOf(query);
    const { items, ...rest } = pageOf(
      tx.rows(list),
      limitOf(query),
      (row) => row,
      (row) =>
        encodeCursor(
          sort,
          keys.map((key) => row[key]!),
        ),
    );
    return { items: withMetadata(tx, items), ...rest };
  });
}

/** Ids of versions begin with the time that they were made at. */
const COLUMNS = { name: 'a.name', createdAt: 'v.id' } as const;

function sortOf({ artifact, sort }: VersionQuery) {
  if (sort === undefined && artifact !== undefined)
    return { sort: 'number', keys: ['number'] as const, column: 'v.number' as const, direction: 'desc' as const, beyond: '<' as const };
  const order = orderOf(sort ?? '-createdAt', COLUMNS);
  return { ...order, sort: sort ?? '-createdAt', keys: order.column === 'a.name' ? (['artifact', 'number'] as const) : (['id'] as const) };
}

/** undefined when nothing can match. */
function versionList(tx: Transaction, store: StoreDb, query: VersionQuery) {
  const { artifact, runId, step, after } = query;
  const { sort, keys, column, direction, beyond } = sortOf(query);
  // Those of one run or step are found first, and sorted.
  const byName = column === 'a.name' && runId === undefined && step === undefined;
  let list = (byName ? versionsByName(queries) : availableVersions(queries)).orderBy(column, direction).limit(limitOf(query) + 1);
  if (column === 'a.name') list = list.orderBy('v.number', direction);
  if (artifact !== undefined) {
    const id = store.artifacts.find(tx, artifact);
    if (id === undefined) return undefined;
    list = list.where('v.artifact_id', '=', id).where('v.number', 'is not', null);
  }
  if (runId !== undefined) list = list.where('v.id', 'in', outputsOf(runId, step));
  else if (step !== undefined) list = list.where((eb) => eb.exists(stepRun(step).whereRef('run_id', '=', eb.ref('v.producer_run_id'))));
  if (after !== undefined) {
    const [value, number] = decodeCursor(sort, after, keys.length);
    list = list.where((eb) =>
      column === 'a.name'
        ? eb(eb.refTuple(column, 'v.number'), beyond, eb.tuple(value as string, number as number))
        : eb(column, beyond, value as never),
    );
  }
  return list;
}

const stepRun = (step: string) => queries.selectFrom('step_runs').select('run_id as id').where('step_id', '=', step);

/** Of the steps of a run (or of one of them), in the place of a cache hit those of its source; or made by the run itself outside of a step. */
function outputsOf(runId: string, step: string | undefined) {
  const ofSteps = queries
    .selectFrom('step_runs')
    .select((eb) => eb.fn.coalesce('source_step_run_id', 'run_id').as('id'))
    .where('pipeline_run_id', '=', runId);
  const ofRun = queries.selectFrom('runs').select('id').where('id', '=', runId);
  return queries
    .selectFrom('artifact_refs')
    .select('version_id')
    .where('role', '=', 'output')
    .where('run_id', 'in', step === undefined ? ofSteps.unionAll(ofRun) : ofSteps.where('step_id', '=', step));
}
