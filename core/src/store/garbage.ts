import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { deletedRuns, firstUnderWay, forgetPipelineRun, forgetStep, readersOf, strip } from './deleted-runs.ts';
import { type Ids, valuesOf } from './given-ids.ts';
import type { Accounted, Garbage, VersionIntent } from './version-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import { type OfRun } from './step-run-ids.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

/** Of a deleted run, the steps that no other run shows as cached, and itself. */
const makersOf = (db: Queries, p: Param<OfRun>) =>
  db
    .selectFrom('step_runs as s')
    .select('s.run_id as id')
    .where('s.pipeline_run_id', '=', p('runId'))
    .where((eb) => eb.not(eb.exists(readersOf(db, eb.ref('s.run_id')))))
    .unionAll(db.selectFrom('runs').select('id').where('id', '=', p('runId')));
const makers = statement((db, p: Param<OfRun>) => makersOf(db, p));
const unread = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('artifact_refs as f')
    .innerJoin('artifact_versions as v', 'v.id', 'f.version_id')
    .select('v.id')
    .where('f.run_id', 'in', makersOf(db, p))
    .where('f.role', '=', 'output')
    .where('v.state', 'in', ['available', 'deleting'])
    .where((eb) =>
      eb.not(
        eb.exists(
          db
            .selectFrom('artifact_refs as i')
            .select('i.run_id')
            .where('i.version_id', '=', eb.ref('v.id'))
            .where('i.role', '=', sql.lit('input' as const)),
        ),
      ),
    ),
);
const condemn = statement((db, p: Param<{ id: string }>) =>
  db.updateTable('artifact_versions').set({ state: 'deleting' }).where('id', '=', p('id')),
);

const versionsAmong = statement((db, p: Param<Ids>) =>
  valuesOf(db, p)
    .innerJoin('artifact_versions as v', 'v.id', 'given.value')
    .leftJoin('runs as producer', 'producer.id', 'v.producer_run_id')
    .select(['v.id', 'v.state', 'producer.status as producer']),
);
const stepRunsAmong = statement((db, p: Param<Ids>) =>
  valuesOf(db, p)
    .innerJoin('step_runs as s', 's.run_id', 'given.value')
    .innerJoin('runs as r', 'r.id', 's.pipeline_run_id')
    .select('s.run_id as id')
    .select('r.deleted_at')
    .select((eb) => eb.exists(readersOf(db, eb.ref('s.run_id'))).as('is_used')),
);
const intentsUnderWay = statement((db) =>
  db
    .selectFrom('runs as r')
    .innerJoin('step_runs as s', 's.pipeline_run_id', 'r.id')
    .innerJoin('runs as attempt', 'attempt.id', 's.run_id')
    .select('s.intents')
    .where('r.pipeline', 'is not', null)
    .where('r.status', '=', 'running')
    .where('attempt.status', '=', 'running')
    .where('s.intents', 'is not', null),
);
const intentsOfEnded = statement((db, p: Param<{ after: string; limit: number }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as attempt', 'attempt.id', 's.run_id')
    .select(['s.run_id as id', 's.intents'])
    .where('s.run_id', '>', p('after'))
    .where('s.intents', 'is not', null)
    .where('attempt.status', 'not in', ['running', 'completed'])
    .orderBy('s.run_id')
    .limit(p('limit')),
);

interface Collected extends Ids {
  /** JSON array. */
  storeIds: string;
}
const listed = (db: Queries, p: Param<Pick<Collected, 'storeIds'>>) =>
  db.selectFrom(sql<{ value: string }>`json_each(${p('storeIds')})`.as('listed')).select('value');
const collected = statement((db, p: Param<Collected>) =>
  valuesOf(db, p)
    .innerJoin('artifact_versions as v', 'v.id', 'given.value')
    .select('v.id')
    .where('v.state', '=', 'deleting')
    .where('v.store_id', 'in', listed(db, p)),
);
const abandoned = statement((db, p: Param<Pick<Collected, 'storeIds'>>) =>
  db
    .selectFrom('artifact_versions as v')
    .leftJoin('runs as producer', 'producer.id', 'v.producer_run_id')
    .select('v.id')
    .where('v.state', '=', sql.lit('pending' as const))
    .where((eb) => eb.or([eb('producer.status', 'is', null), eb('producer.status', '!=', 'running')]))
    .where('v.store_id', 'in', listed(db, p)),
);
/** The row stays: it keeps the number from being given again. */
const bury = statement((db, p: Param<{ id: string }>) =>
  db.updateTable('artifact_versions').set({ state: 'deleted', manifest: null, meta: null }).where('id', '=', p('id')),
);
const forgetMetadata = statement((db, p: Param<{ id: string }>) =>
  db.deleteFrom('metadata').where('entity', '=', 'version').where('entity_id', '=', p('id')),
);
const outputLeft = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('artifact_refs as f')
    .innerJoin('artifact_versions as v', 'v.id', 'f.version_id')
    .select('v.id')
    .where('f.run_id', '=', p('id'))
    .where('f.role', '=', 'output')
    .where('v.state', '!=', 'deleted'),
);
const reader = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select('run_id').where('source_step_run_id', '=', p('id')),
);
const someStep = statement((db, p: Param<OfRun>) => db.selectFrom('step_runs').select('run_id').where('pipeline_run_id', '=', p('runId')));

/** Runs that are shown, and deleted ones that have left a row. By two indexes: steps, of which there are many more, have no snapshots. */
const madeOf = (db: Queries, column: 'spec_hash' | 'stack_hash' | 'env_hash') => {
  const runs = db.selectFrom('runs').select(`${column} as hash`).where(column, 'is not', null).$narrowType<{ hash: string }>();
  return runs.where('pipeline', 'is not', null).unionAll(runs.where('deleted_at', 'is not', null));
};
/** What no run is made of. The rows stay: to delete one, SQLite would look through all runs and steps. */
const emptySnapshots = statement((db) =>
  db
    .updateTable('snapshots')
    .set({ json: '' })
    .where('json', '!=', '')
    .where('hash', 'not in', madeOf(db, 'spec_hash').unionAll(madeOf(db, 'stack_hash')).unionAll(madeOf(db, 'env_hash'))),
);

const PAGE = 1000;
/** Rows are removed in transactions of so many: others want to write too. */
const BATCH = 500;

/**
 * What deleted runs left that no other run uses. Nothing can come to use it: it is neither shown nor cached any more. `mark`: interrupted deletions are
 * finished, and nobody can load the versions from now on.
 */
export async function findGarbage(store: StoreDb, mark: boolean): Promise<Garbage> {
  const garbage: Garbage = { runs: [], versions: [], makers: [] };
  for (const id of await store.connection.read(deletedRuns)) {
    garbage.runs.push(id);
    if (mark) await strip(store, id);
    const find = (tx: Transaction): void => {
      for (const maker of tx.all(makers, { runId: id })) garbage.makers.push(maker.id);
      for (const version of tx.all(unread, { runId: id })) {
        garbage.versions.push(version.id);
        if (mark) tx.run(condemn, { id: version.id });
      }
    };
    await (mark ? store.connection.write(find) : store.connection.read(find));
    await setImmediate();
  }
  return garbage;
}

/** What the store knows of ids that name bytes: of versions, and of step runs that logged files. An id that it does not know is not in the answer. */
export function accountFor(store: StoreDb, ids: readonly string[]): Promise<Record<string, Accounted>> {
  return store.connection.read((tx) => {
    const given = { ids: JSON.stringify(ids) };
    const known: Record<string, Accounted> = {};
    for (const { id, state, producer } of tx.all(versionsAmong, given))
      known[id] = state === 'available' || (state === 'pending' && producer === 'running') ? 'needed' : 'garbage';
    const needed = firstUnderWay(tx);
    for (const { id, deleted_at, is_used } of tx.all(stepRunsAmong, given))
      known[id] = is_used || deleted_at === null || deleted_at >= needed ? 'needed' : 'garbage';
    const unknown = new Set(ids.filter((id) => known[id] === undefined));
    if (unknown.size === 0) return known;
    for (const { intents } of tx.all(intentsUnderWay, {})) for (const id of idsIn(intents)) if (unknown.delete(id)) known[id] = 'needed';
    for (let after = ''; unknown.size > 0;) {
      const attempts = tx.all(intentsOfEnded, { after, limit: PAGE });
      for (const { intents } of attempts) for (const id of idsIn(intents)) if (unknown.delete(id)) known[id] = 'garbage';
      if (attempts.length < PAGE) break;
      after = attempts.at(-1)!.id;
    }
    return known;
  });
}

const idsIn = (intents: string | null): string[] => (JSON.parse(intents ?? '[]') as VersionIntent[]).map(({ id }) => id);

/**
 * Removes the rows of what `findGarbage` found, once all bytes without need are gone from the artifact stores `storeIds`. What has bytes elsewhere stays.
 * Gives how many runs have left no trace. A call that was interrupted is finished by the next collection.
 */
export async function forgetGarbage(store: StoreDb, garbage: Garbage, storeIds: readonly string[]): Promise<number> {
  const places = { storeIds: JSON.stringify(storeIds) };
  const runs = new Set(garbage.runs);
  await store.connection.write((tx) => {
    for (const { id } of tx.all(abandoned, places)) buryVersion(tx, id);
  });
  for await (const ids of batchesOf(garbage.versions))
    await store.connection.write((tx) => {
      for (const { id } of tx.all(collected, { ...places, ids: JSON.stringify(ids) })) buryVersion(tx, id);
    });
  for await (const ids of batchesOf(garbage.makers.filter((id) => !runs.has(id))))
    await store.connection.write((tx) => {
      for (const id of ids) if (tx.get(outputLeft, { id }) === undefined && tx.get(reader, { id }) === undefined) forgetStep(tx, id);
    });
  let forgotten = 0;
  for await (const ids of batchesOf([...runs]))
    forgotten += await store.connection.write((tx) => {
      const traceless = ids.filter((id) => tx.get(someStep, { runId: id }) === undefined && tx.get(outputLeft, { id }) === undefined);
      for (const id of traceless) forgetPipelineRun(tx, id);
      return traceless.length;
    });
  await store.connection.write((tx) => tx.run(emptySnapshots, {}));
  return forgotten;
}

function buryVersion(tx: Transaction, id: string): void {
  tx.run(bury, { id });
  tx.run(forgetMetadata, { id });
}

/** Between two of them the rest of this process has its turn. */
async function* batchesOf(ids: readonly string[]): AsyncGenerator<string[]> {
  for (let at = 0; at < ids.length; at += BATCH) {
    yield ids.slice(at, at + BATCH);
    await setImmediate();
  }
}
