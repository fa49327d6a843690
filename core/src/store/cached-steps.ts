import type { CachedStep } from './metadata-store.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { availableVersions, type VersionRow, withMetadata } from './version-records.ts';

/** The newest under the key that still has all it made. */
const newestHit = statement((db, p: Param<{ key: string }>) =>
  db
    .selectFrom('cache as c')
    .innerJoin('step_runs as s', 's.run_id', 'c.step_run_id')
    .select(['c.step_run_id', 's.pipeline_run_id'])
    .where('c.cache_key', '=', p('key'))
    .where((eb) =>
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
      ),
    )
    .orderBy('c.step_run_id', 'desc')
    .limit(1),
);
const outputsOf = statement((_, p: Param<{ id: string }>) =>
  availableVersions()
    .innerJoin('artifact_refs as ref', 'ref.version_id', 'v.id')
    .where('ref.run_id', '=', p('id'))
    .where('ref.role', '=', 'output')
    .orderBy('v.id'),
);
const trackersOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('tracker_runs').select(['component', 'url']).where('run_id', '=', p('id')),
);

/** A tracker that was not reachable then counts as having seen the source: what waits for it is still delivered. */
export function findCached(store: StoreDb, cacheKey: string): Promise<CachedStep | undefined> {
  return store.connection.read((tx) => {
    const hit = tx.get(newestHit, { key: cacheKey });
    if (hit === undefined) return undefined;
    const id = hit.step_run_id;
    const trackers = tx.all(trackersOf, { id });
    const url = trackers.find((each) => each.url !== null)?.url;
    return {
      stepRunId: id,
      runId: hit.pipeline_run_id,
      outputs: withMetadata(tx, tx.all(outputsOf, { id }) as VersionRow[]),
      seenBy: trackers.map((each) => each.component),
      ...(typeof url === 'string' && { url }),
    };
  });
}
