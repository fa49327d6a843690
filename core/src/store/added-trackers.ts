import { sql } from 'kysely';
import type { JsonObject } from '../json.ts';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import type { AddedTracker } from './delivery-store.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { addTrackerRun, outcomeOf } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

/** Attempts that ran, those of an item or a step in the order of their numbers, and the run itself, as attempt 0 of no step. */
const attemptsOf = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('runs as r')
    .leftJoin('step_runs as s', 's.run_id', 'r.id')
    .select(['r.id', 'r.status', 'r.error_name', 'r.error_message', 'r.error_stack', 's.step_id', 's.map_index', 's.attempt'])
    .select((eb) =>
      eb
        .selectFrom('tracker_runs as t')
        .select((of) => of.fn.max<number | null>('t.position').as('position'))
        .whereRef('t.run_id', '=', 'r.id')
        .$asScalar()
        .as('last'),
    )
    .where('r.id', 'in', (eb) =>
      eb
        .selectFrom('step_runs as of')
        .select('of.run_id as id')
        .where('of.pipeline_run_id', '=', p('runId'))
        .where('of.intents', 'is not', null)
        .unionAll(eb.selectFrom('runs').select('id').where('id', '=', p('runId'))),
    )
    .where('r.status', 'in', ['completed', 'failed', 'killed'])
    .orderBy('s.step_id')
    .orderBy('s.map_index')
    .orderBy('s.attempt'),
);
const wantAgain = statement((db, p: Param<{ runId: string; component: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ dropped_at: null })
    .where('pipeline_run_id', '=', p('runId'))
    .where('component', '=', p('component'))
    .where('status', 'in', [sql.lit<RunStatus>('queued'), sql.lit<RunStatus>('running')])
    .where('dropped_at', 'is not', null),
);
const setSuperseded = statement((db, p: Param<{ key: string; by: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ superseded_by: p('by') })
    .where('key', '=', p('key')),
);

export function addTrackerRuns(store: StoreDb, { runId, component, flavor, settings }: AddedTracker): Promise<number> {
  return store.connection.write((tx) => {
    tx.run(wantAgain, { runId, component });
    let added = 0;
    let before: Added | undefined;
    for (const row of tx.all(attemptsOf, { runId })) {
      const attempt = add(tx, row, { runId, component, flavor, ...settingsOf(settings, row.step_id) });
      if (attempt.isNew) added++;
      if (before?.isNew === true && isRetryOf(row, before.row)) tx.run(setSuperseded, { key: before.key, by: attempt.key });
      before = attempt;
    }
    return added;
  });
}

type AttemptRow = RowOf<typeof attemptsOf>;

interface Added {
  key: string;
  isNew: boolean;
  row: AttemptRow;
}

function add(tx: Transaction, row: AttemptRow, { runId, ...tracker }: Omit<AddedTracker, 'settings'> & { settings?: JsonObject }): Added {
  const { step_id: stepId, map_index: index, attempt } = row;
  const ofStep = stepId === null ? {} : { stepId, ...(index! >= 0 && { mapIndex: index! }) };
  const identity = { runId, ...ofStep, attempt: attempt ?? 0 };
  const position = row.last === null ? 0 : row.last + 1;
  const { isNew } = addTrackerRun(tx, row.id, identity, tracker, position, outcomeOf(row));
  return { key: trackerRunKey({ ...identity, component: tracker.component }), isNew, row };
}

function settingsOf(settings: Record<string, JsonObject>, stepId: string | null): { settings?: JsonObject } {
  const own = stepId === null ? undefined : settings[stepId];
  return own === undefined ? {} : { settings: own };
}

function isRetryOf(later: AttemptRow, earlier: AttemptRow): boolean {
  return later.step_id !== null && later.step_id === earlier.step_id && later.map_index === earlier.map_index;
}
