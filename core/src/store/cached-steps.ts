import type { CachedStep } from './metadata-store.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { availableVersions, withMetadata } from './version-records.ts';

const remembered = statement((db, p: Param<{ key: string }>) =>
  db.selectFrom('cache').select('step_run_id as id').where('cache_key', '=', p('key')).orderBy('step_run_id', 'desc'),
);
const missingOf = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('artifact_refs as f')
    .innerJoin('artifact_versions as v', 'v.id', 'f.version_id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('f.run_id', '=', p('id'))
    .where('f.role', '=', 'output')
    .where('v.state', '!=', 'available'),
);
const runOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select('pipeline_run_id as id').where('run_id', '=', p('id')),
);
const outputsOf = statement((_, p: Param<{ id: string }>) =>
  availableVersions()
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
    const hit = tx.all(remembered, { key: cacheKey }).find(({ id }) => tx.get(missingOf, { id })!.n === 0);
    if (hit === undefined) return undefined;
    const { id } = hit;
    const trackers = tx.all(trackersOf, { id });
    const url = trackers.find((each) => each.url !== null)?.url;
    return {
      stepRunId: id,
      runId: tx.get(runOf, { id })!.id,
      outputs: withMetadata(tx, tx.all(outputsOf, { id })),
      seenBy: trackers.map((each) => each.component),
      ...(typeof url === 'string' && { url }),
    };
  });
}
