import { type ExpressionBuilder, sql } from 'kysely';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { DeliveryQuery, DueTrackerRuns, Refusals, RejectedEvent } from './delivery-store.ts';
import type { WorkerRecord } from './run-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

/** Tracker runs whose end is due, in the words of the index of such rows: literals, so that the planner sees that it serves. */
export const dueOnes = (db: Queries) =>
  db
    .selectFrom('tracker_runs as t')
    .where('t.desired', 'is not', null)
    .where('t.status', 'in', [sql.lit<RunStatus>('queued'), sql.lit<RunStatus>('running')])
    .where('t.dropped_at', 'is', null);

/** `named`: 1 when the query names it, 0 for all. */
interface Filter {
  now: number;
  anyComponent: number;
  component: string;
  anyRun: number;
  runId: string;
}

/** Whether a tracker run is one that the query is about. */
export const isAsked = (p: Param<Omit<Filter, 'now'>>) => (eb: ExpressionBuilder<Tables & { t: Tables['tracker_runs'] }, 't'>) =>
  eb.and([
    eb.or([eb(eb.val(p('anyComponent')), '=', 1), eb('t.component', '=', p('component'))]),
    eb.or([eb(eb.val(p('anyRun')), '=', 1), eb('t.pipeline_run_id', '=', p('runId'))]),
  ]);

const dueWork = (db: Queries, now: ReturnType<Param<Pick<Filter, 'now'>>>) =>
  dueOnes(db)
    .innerJoin('runs as r', 'r.id', 't.pipeline_run_id')
    .select(['t.component', 't.flavor', 't.pipeline_run_id as run_id', 'r.name as run'])
    .select((eb) => [
      eb.fn.countAll<number>().as('n'),
      eb.fn.max<string | null>('t.last_error').as('last_error'),
      eb.fn.max<string | null>(eb.case().when('t.claim_until', '>=', now).then(eb.ref('t.claim_worker')).end()).as('claimed_by'),
      eb
        .not(
          eb.exists(
            eb.selectFrom('run_sessions as s').select('s.n').whereRef('s.run_id', '=', 't.pipeline_run_id').where('s.ended_at', 'is', null),
          ),
        )
        .as('free'),
    ])
    .groupBy(['t.component', 't.pipeline_run_id']);
const due = statement((db, p: Param<Filter>) => dueWork(db, p('now')).where(isAsked(p)));
/** On the index of tracker runs by run: that of those that are due is walked by component. */
const dueIn = statement((db, p: Param<Pick<Filter, 'now' | 'runId'>>) => dueWork(db, p('now')).where('t.pipeline_run_id', '=', p('runId')));
const worker = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('workers').select(['id', 'host', 'boot_id', 'pid_ns', 'pid', 'process_started_at']).where('id', '=', p('id')),
);
/** Those of tracker runs that were given up before their end are kept, unseen, for when these are wanted again: nobody sends them then. */
const setAside = (db: Queries) =>
  db
    .selectFrom('rejected_events as e')
    .innerJoin('tracker_runs as t', 't.key', 'e.tracker_run_key')
    .where((eb) => eb.or([eb('t.dropped_at', 'is', null), eb('t.status', 'not in', ['queued', 'running'])]));
const rejected = statement((db, p: Param<Omit<Filter, 'now'>>) =>
  setAside(db)
    .innerJoin('runs as r', 'r.id', 't.pipeline_run_id')
    .leftJoin('step_runs as s', 's.run_id', 't.run_id')
    .select(['e.tracker_run_key', 'e.writer', 'e.seq', 'e.why', 't.component', 't.flavor', 't.pipeline_run_id as run_id', 'r.name as run'])
    .select(['t.run_id as logged_by', 's.step_id', 's.map_index', 's.attempt'])
    .where(isAsked(p))
    .orderBy('t.pipeline_run_id')
    .orderBy('t.run_id')
    .orderBy('e.seq'),
);
/** With the reason of the first: beside a minimum SQLite gives the other columns of its row. */
const refusedIn = statement((db, p: Param<{ runId: string }>) =>
  setAside(db)
    .select(['t.component', 'e.why'])
    .select((eb) => [
      eb.fn.countAll<number>().as('n'),
      eb.fn.min<string>(sql<string>`${eb.ref('t.run_id')} || printf('%016d', ${eb.ref('e.seq')})`).as('first'),
    ])
    .where('t.pipeline_run_id', '=', p('runId'))
    .groupBy('t.component')
    .orderBy('first')
    .orderBy('t.component'),
);
/** How many there are. */
export const countRejected = statement((db, p: Param<Omit<Filter, 'now'>>) =>
  setAside(db)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where(isAsked(p)),
);

export const filterOf = ({ component, runId }: DeliveryQuery): Omit<Filter, 'now'> => ({
  anyComponent: component === undefined ? 1 : 0,
  component: component ?? '',
  anyRun: runId === undefined ? 1 : 0,
  runId: runId ?? '',
});

export function dueTrackerRuns(store: StoreDb, query: DeliveryQuery): Promise<DueTrackerRuns[]> {
  const { component, runId } = query;
  const now = Date.now();
  return store.connection.read((tx) =>
    (component === undefined && runId !== undefined ? tx.all(dueIn, { runId, now }) : tx.all(due, { ...filterOf(query), now }))
      .map((row): DueTrackerRuns => ({
        runId: row.run_id,
        run: row.run,
        component: row.component,
        flavor: row.flavor,
        trackerRuns: row.n,
        free: Boolean(row.free),
        ...(row.claimed_by !== null && { claimedBy: workerOf(tx, row.claimed_by) }),
        ...(row.last_error !== null && { lastError: row.last_error }),
      }))
      // Ids of runs rise with time.
      .sort((a, b) => (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0)),
  );
}

function workerOf(tx: Transaction, id: string): WorkerRecord {
  const { boot_id, pid_ns, process_started_at, ...row } = tx.get(worker, { id })!;
  return { ...row, bootId: boot_id, pidNamespace: pid_ns, processStartedAt: process_started_at };
}

const ackedOfDue = statement((db, p: Param<{ runId: string; component: string }>) =>
  dueOnes(db).select(['t.run_id', 't.acked']).where('t.component', '=', p('component')).where('t.pipeline_run_id', '=', p('runId')),
);

export function dueAcked(store: StoreDb, runId: string, component: string): Promise<{ runId: string; acked: Record<string, number> }[]> {
  return store.connection.read((tx) =>
    tx.all(ackedOfDue, { runId, component }).map((row) => ({ runId: row.run_id, acked: JSON.parse(row.acked) as Record<string, number> })),
  );
}

export function rejectedEvents(store: StoreDb, query: DeliveryQuery): Promise<RejectedEvent[]> {
  return store.connection.read((tx) => tx.all(rejected, filterOf(query)).map(rejectedEvent));
}

/** How many events of a run each tracker refused for good, and why the first. */
export function refusals(store: StoreDb, runId: string): Promise<Refusals[]> {
  return store.connection.read((tx) => tx.all(refusedIn, { runId }).map(({ component, n, why }) => ({ component, events: n, why })));
}

function rejectedEvent(row: RowOf<typeof rejected>): RejectedEvent {
  return {
    trackerRunKey: row.tracker_run_key,
    component: row.component,
    flavor: row.flavor,
    runId: row.run_id,
    run: row.run,
    loggedBy: row.logged_by,
    ...(row.step_id !== null && { step: row.map_index! >= 0 ? `${row.step_id}[${row.map_index}]` : row.step_id }),
    attempt: row.attempt ?? 0,
    writer: row.writer,
    seq: row.seq,
    why: row.why,
  };
}
