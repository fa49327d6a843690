import { NOT_MAPPED } from './attempts.ts';
import { type Param, statement } from './statement.ts';
import type { AttemptState } from './step-data.ts';
import type { StoreDb } from './store-db.ts';

const listed = statement((db, p: Param<{ runId: string; since: number }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select(['s.run_id', 's.step_id', 's.map_index', 's.attempt', 'r.ended_at'])
    .where('s.pipeline_run_id', '=', p('runId'))
    .where((eb) => eb.or([eb('r.ended_at', 'is', null), eb('r.ended_at', '>=', p('since')), eb('r.started_at', '>=', p('since'))]))
    .orderBy('r.started_at')
    .orderBy('s.run_id'),
);

export function attemptsSince(store: StoreDb, runId: string, since: number): Promise<AttemptState[]> {
  return store.connection.read((tx) =>
    tx.all(listed, { runId, since }).map((row) => ({
      id: row.run_id,
      stepId: row.step_id,
      ...(row.map_index !== NOT_MAPPED && { mapIndex: row.map_index }),
      attempt: row.attempt,
      ended: row.ended_at !== null,
    })),
  );
}
