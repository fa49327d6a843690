import { sql, type ExpressionBuilder } from 'kysely';

import type { JsonObject } from '../json.ts';
import { metadataByEntity, metadataIn } from './annotations.ts';
import { type Ids, valuesOf } from './given-ids.ts';
import type { Queries } from './sqlite-dialect.ts';
import type { CachedStep } from './step-data.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';
import { availableVersions, versionRecord } from './version-records.ts';

/** A look-up of so many steps costs about as much as three of one. */
const READ_AHEAD = 64;

/** Whether all that the step of a row of `cache` made is still there. */
const hasAllItMade = (eb: ExpressionBuilder<Tables & { c: Tables['cache'] }, 'c'>) =>
  eb.not(
    eb.exists(
      eb
        .selectFrom('artifact_refs as f')
        .innerJoin('artifact_versions as v', 'v.id', 'f.version_id')
        .select('v.id')
        .whereRef('f.run_id', '=', 'c.step_run_id')
        .where('f.role', '=', 'output')
        .where('v.state', '!=', 'available'),
    ),
  );
const remembered = statement((db, p: Param<{ key: string }>) =>
  db
    .selectFrom('cache as c')
    .innerJoin('step_runs as s', 's.run_id', 'c.step_run_id')
    .select(['c.step_run_id as id', 's.pipeline_run_id as runId'])
    .where('c.cache_key', '=', p('key'))
    .where(hasAllItMade)
    .orderBy('c.step_run_id', 'desc'),
);
/** The steps that began next, of whatever run: in a run that was done before, the next hits are mostly among them. */
const nextOf = (db: Queries, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select('run_id as id').where('run_id', '>', p('id')).orderBy('run_id').limit(sql.lit(READ_AHEAD));
const rememberedNext = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('cache as c', (join) => join.onRef('c.cache_key', '=', 's.cache_key').onRef('c.step_run_id', '=', 's.run_id'))
    .select(['c.cache_key as key', 'c.step_run_id as id', 's.pipeline_run_id as runId'])
    .where('s.run_id', 'in', nextOf(db, p))
    .where(hasAllItMade)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('cache as newer')
            .select('newer.step_run_id')
            .whereRef('newer.cache_key', '=', 'c.cache_key')
            .whereRef('newer.step_run_id', '>', 'c.step_run_id'),
        ),
      ),
    ),
);

const outputsOf = statement((db, p: Param<Ids>) =>
  availableVersions(db)
    .innerJoin('artifact_refs as f', 'f.version_id', 'v.id')
    .select('f.run_id as by')
    .where('f.run_id', 'in', valuesOf(db, p).select('value'))
    .where('f.role', '=', 'output')
    .orderBy('v.id'),
);
const metadataOf = statement((db, p: Param<Ids>) => metadataIn(db, 'version', valuesOf(db, p).select('value as id')));
const trackersOf = statement((db, p: Param<Ids>) =>
  db.selectFrom('tracker_runs').select(['run_id', 'component', 'url', 'settings']).where('run_id', 'in', valuesOf(db, p).select('value')),
);

/**
 * The newest step under the key that still has all it made. A tracker that was not reachable then counts as having seen the source: what waits for it is still
 * delivered.
 */
export function findCached(store: StoreDb, cacheKey: string): Promise<CachedStep | undefined> {
  return store.connection.read((tx) => {
    const hit = tx.get(remembered, { key: cacheKey });
    return hit && cachedSteps(tx, [hit])[0];
  });
}

/** What `findCached` gives for the steps that began after this one, by their keys. */
export function cachedAfter(store: StoreDb, id: string): Promise<Map<string, CachedStep>> {
  return store.connection.read((tx) => {
    const hits = tx.all(rememberedNext, { id });
    const steps = cachedSteps(tx, hits);
    return new Map(hits.map(({ key }, index) => [key, steps[index]!]));
  });
}

/** A number of queries that does not depend on theirs. */
function cachedSteps(tx: Transaction, hits: readonly { id: string; runId: string }[]): CachedStep[] {
  const ids = idsOf(hits);
  const made = tx.all(outputsOf, { ids });
  const outputs = Map.groupBy(made, (row) => row.by);
  const metadata = metadataByEntity(tx.all(metadataOf, { ids: idsOf(made) }));
  const trackers = Map.groupBy(tx.all(trackersOf, { ids }), (row) => row.run_id);
  return hits.map(({ id, runId }) => {
    const seen = trackers.get(id) ?? [];
    const url = seen.find((each) => each.url !== null)?.url;
    return {
      stepRunId: id,
      runId,
      outputs: (outputs.get(id) ?? []).map((row) => versionRecord(row, metadata.get(row.id))),
      seenBy: seen.map(({ component, settings }) => ({
        component,
        ...(settings !== null && { settings: JSON.parse(settings) as JsonObject }),
      })),
      ...(typeof url === 'string' && { url }),
    };
  });
}

const idsOf = (rows: readonly { id: string }[]): string => JSON.stringify(rows.map(({ id }) => id));
