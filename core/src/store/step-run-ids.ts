import { queries } from './sqlite-dialect.ts';

/** The step runs of a pipeline run, all attempts. */
export function ownStepRuns(runId: string) {
  return queries.selectFrom('step_runs').select('run_id as id').where('pipeline_run_id', '=', runId);
}

/** The same, with those that really ran in the place of cache hits: what outputs and logged values are read from. */
export function workingStepRuns(runId: string) {
  return queries
    .selectFrom('step_runs')
    .select((eb) => eb.fn.coalesce('source_step_run_id', 'run_id').as('id'))
    .where('pipeline_run_id', '=', runId);
}

export type StepRunIds = ReturnType<typeof ownStepRuns | typeof workingStepRuns>;
