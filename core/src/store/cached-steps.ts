import type { CachedStep } from './step-data.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { availableVersions, withMetadata } from './version-records.ts';

const remembered = statement((db, p: Param<{ key: string }>) =>
  db
    .selectFrom('cache as c')
    .innerJoin('step_runs as s', 's.run_id', 'c.step_run_id')
    .select(['c.step_run_id as id', 's.pipeline_run_id as runId'])
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
    .orderBy('c.step_run_id', 'desc'),
);
const outputsOf = statement((db, p: Param<{ id: string }>) =>
  availableVersions(db)
    .innerJoin('artifact_refs as f', 'f.version_id', 'v.id')
    .where('f.run_id', '=', p('id'))
    .where('f.role', '=', 'output')
    .orderBy('v.id'),
);
const trackersOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('tracker_runs').select(['component', 'url']).where('run_id', '=', p('id')),
);

/**
 * The newest step under the key that still has all it made. A tracker that was not reachable then counts as having seen the source: what waits for it is still
 * delivered.
 */
export function findCached(store: StoreDb, cacheKey: string): Promise<CachedStep | undefined> {
  return store.connection.read((tx) => {
    const hit = tx.get(remembered, { key: cacheKey });
    if (hit === undefined) return undefined;
    const { id, runId } = hit;
    const trackers = tx.all(trackersOf, { id });
    const url = trackers.find((each) => each.url !== null)?.url;
    return {
      stepRunId: id,
      runId,
      outputs: withMetadata(tx, tx.all(outputsOf, { id })),
      seenBy: trackers.map((each) => each.component),
      ...(typeof url === 'string' && { url }),
    };
  });
}
