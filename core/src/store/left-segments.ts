import { sql } from 'kysely';
import type { SegmentRecord } from './delivery-store.ts';
import { dueOnes } from './due-tracker-runs.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';

const ofRun = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('event_segments as e')
    .leftJoin('workers as w', 'w.id', 'e.worker_id')
    .select(['e.id', 'e.uri', 'e.applied_offset', 'e.applied_lines', 'e.sealed', 'w.host'])
    .where('e.run_id', '=', p('runId')),
);
const open = statement((db) =>
  db
    .selectFrom('event_segments as e')
    .select('e.run_id')
    // A literal, so that the planner sees that the index of such rows serves.
    .where('e.sealed', '=', sql.lit(0))
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('run_sessions as s').select('s.n').whereRef('s.run_id', '=', 'e.run_id').where('s.ended_at', 'is', null)),
      ),
    )
    .groupBy('e.run_id'),
);

const anyDue = statement((db) => dueOnes(db).select('t.component').limit(sql.lit(1)));
const anyOpen = statement((db) =>
  db.selectFrom('event_segments as e').select('e.run_id').where('e.sealed', '=', sql.lit(0)).limit(sql.lit(1)),
);

export function hasLeftWork(store: StoreDb): Promise<boolean> {
  return store.connection.read((tx) => tx.get(anyDue, {}) !== undefined || tx.get(anyOpen, {}) !== undefined);
}

export function segments(store: StoreDb, runId: string): Promise<SegmentRecord[]> {
  return store.connection.read((tx) =>
    tx.all(ofRun, { runId }).map((row) => ({
      id: row.id,
      runId,
      path: row.uri,
      host: row.host ?? '',
      appliedOffset: row.applied_offset,
      appliedLines: row.applied_lines,
      sealed: row.sealed !== 0,
    })),
  );
}

export function runsWithOpenLogs(store: StoreDb): Promise<string[]> {
  return store.connection.read((tx) => tx.all(open, {}).map((row) => row.run_id));
}
