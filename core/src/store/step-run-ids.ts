import type { Queries } from './sqlite-dialect.ts';
import type { Param } from './statement.ts';

/** What the statements about the steps of a pipeline run take. */
export interface OfRun {
  runId: string;
}

/** The step runs of a pipeline run, all attempts. */
export function ownStepRuns(db: Queries, p: Param<OfRun>) {
  return db.selectFrom('step_runs').select('run_id as id').where('pipeline_run_id', '=', p('runId'));
}

/** The same, with those that really ran in the place of cache hits: what outputs and logged values are read from. */
export function workingStepRuns(db: Queries, p: Param<OfRun>) {
  return db
    .selectFrom('step_runs')
    .select((eb) => eb.fn.coalesce('source_step_run_id', 'run_id').as('id'))
    .where('pipeline_run_id', '=', p('runId'));
}
