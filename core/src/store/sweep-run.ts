import type { Outcome } from '../tracking/experiment-tracker.ts';
import type { RunSweep } from './run-data.ts';
import { endSession, runUnderWay } from './run-sessions.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { requireOutcome, requireOutcomeOfRun } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

type NotWell = Exclude<Outcome, { status: 'completed' | 'cached' }>;

/** Whoever sweeps has other things to do: a store that is locked is swept at the next look, seconds. */
const PATIENCE = 0.25;

const runningAttempts = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select('r.id')
    .where('s.pipeline_run_id', '=', p('runId'))
    .where('r.status', '=', 'running'),
);
const lastSigns = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select((eb) => [eb.fn.max<number | null>('r.started_at').as('started'), eb.fn.max<number | null>('r.ended_at').as('ended')])
    .where('s.pipeline_run_id', '=', p('runId')),
);
const raiseFence = statement((db, p: Param<{ id: string }>) =>
  db
    .updateTable('step_runs')
    .set((eb) => ({ fence: eb('fence', '+', 1) }))
    .where('run_id', '=', p('id')),
);
interface End {
  id: string;
  status: 'failed' | 'killed';
  endedAt: number;
  errorName: string;
  errorMessage: string;
}
const pointNowhere = statement((db, p: Param<{ runId: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ superseded_by: null })
    .where('pipeline_run_id', '=', p('runId'))
    .where('superseded_by', 'is not', null)
    .where('superseded_by', 'not in', (eb) =>
      eb.selectFrom('tracker_runs as t').select('t.key').where('t.pipeline_run_id', '=', p('runId')),
    ),
);
const end = statement((db, p: Param<End>) =>
  db
    .updateTable('runs')
    .set({ status: p('status'), ended_at: p('endedAt'), error_name: p('errorName'), error_message: p('errorMessage') })
    .where('id', '=', p('id')),
);

/**
 * Ends a run whose owner has died: its attempts, itself, its session, and what its tracker runs must reach, in one transaction. It ended when it last gave
 * a sign of life. False, and nothing is changed, if the owner did so since it was looked at, or somebody else was first. Throws `StoreBusy` soon.
 */
export function sweepRun(store: StoreDb, { seen, outcome }: RunSweep): Promise<boolean> {
  return store.connection.write((tx) => {
    const { id: runId } = seen;
    const run = runUnderWay(tx, runId);
    if (run === undefined || run.session !== seen.session || run.beatAt !== seen.beatAt) return false;
    const signs = tx.get(lastSigns, { runId });
    const endedAt = Math.max(run.since, run.beatAt ?? 0, signs?.started ?? 0, signs?.ended ?? 0);
    endAttempts(tx, runId, endedAt, outcome);
    tx.run(end, { id: runId, endedAt, ...endOf(outcome) });
    requireOutcomeOfRun(tx, runId, outcome);
    endSession(tx, runId, endedAt);
    return true;
  }, PATIENCE);
}

/** Ends the attempts of a run that have not come to an end of their own: nobody else may any more. None is made to replace another from now on. */
export function endAttempts(tx: Transaction, runId: string, endedAt: number, outcome: NotWell): void {
  for (const { id } of tx.all(runningAttempts, { runId })) {
    tx.run(raiseFence, { id });
    tx.run(end, { id, endedAt, ...endOf(outcome) });
    requireOutcome(tx, id, outcome);
  }
  tx.run(pointNowhere, { runId });
}

function endOf(outcome: NotWell): Omit<End, 'id' | 'endedAt'> {
  return outcome.status === 'failed'
    ? { status: 'failed', errorName: outcome.error.name, errorMessage: outcome.error.message }
    : { status: 'killed', errorName: 'Killed', errorMessage: outcome.reason };
}
