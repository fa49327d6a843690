import { NOT_MAPPED } from './attempts.ts';
import { pipelineRuns, runMeant } from './run-records.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';

const isThere = statement((db, p: Param<{ id: string }>) => pipelineRuns(db).select('id').where('id', '=', p('id')));
const lastOf = statement((db, p: Param<{ runId: string; stepId: string; mapIndex: number }>) =>
  db
    .selectFrom('step_runs')
    .select('run_id as id')
    .where('pipeline_run_id', '=', p('runId'))
    .where('step_id', '=', p('stepId'))
    .where('map_index', '=', p('mapIndex'))
    .orderBy('attempt', 'desc'),
);

export function lastAttempt(
  store: StoreDb,
  nameOrId: string,
  { stepId, mapIndex = NOT_MAPPED }: { stepId: string; mapIndex?: number },
): Promise<{ id?: string } | undefined> {
  return store.connection.read((tx) => {
    const runId = runMeant(tx, nameOrId);
    if (runId === undefined || tx.get(isThere, { id: runId }) === undefined) return undefined;
    return { ...tx.get(lastOf, { runId, stepId, mapIndex }) };
  });
}
