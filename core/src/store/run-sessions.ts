import { RunTakenOver } from '../errors.ts';
import type { RunUnderWay, WorkerRecord } from './run-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

export const insertWorker = statement((db, p: Param<WorkerRecord>) =>
  db
    .insertInto('workers')
    .values({
      id: p('id'),
      host: p('host'),
      boot_id: p('bootId'),
      pid_ns: p('pidNamespace'),
      pid: p('pid'),
      process_started_at: p('processStartedAt'),
    })
    .onConflict((conflict) => conflict.doNothing()),
);
interface SessionRow {
  runId: string;
  n: number;
  workerId: string;
  startedAt: number;
  how: 'start' | 'resume';
}
const insertSession = statement((db, p: Param<SessionRow>) =>
  db
    .insertInto('run_sessions')
    .values({ run_id: p('runId'), n: p('n'), worker_id: p('workerId'), started_at: p('startedAt'), how: p('how') }),
);
const lastSession = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('run_sessions')
    .select((eb) => eb.fn.max<number | null>('n').as('n'))
    .where('run_id', '=', p('runId')),
);
const closeSessions = statement((db, p: Param<{ runId: string; endedAt: number }>) =>
  db
    .updateTable('run_sessions')
    .set({ ended_at: p('endedAt') })
    .where('run_id', '=', p('runId'))
    .where('ended_at', 'is', null),
);
const openSessionOf = statement((db, p: Param<{ runId: string; workerId: string }>) =>
  db
    .selectFrom('run_sessions as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select(['s.n', 'r.cancel_requested_at'])
    .where('s.run_id', '=', p('runId'))
    .where('s.worker_id', '=', p('workerId'))
    .where('s.ended_at', 'is', null),
);
const nameAndStatus = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('runs').select(['name', 'status']).where('id', '=', p('id')),
);
const runsWithOwners = (db: Queries) =>
  db
    .selectFrom('runs as r')
    .innerJoin('run_sessions as s', 's.run_id', 'r.id')
    .innerJoin('workers as w', 'w.id', 's.worker_id')
    .select(['r.id', 'r.name', 'r.cancel_requested_at', 's.n', 's.started_at'])
    .select(['w.id as worker_id', 'w.host', 'w.boot_id', 'w.pid_ns', 'w.pid', 'w.process_started_at', 'w.beat_at'])
    .where('r.pipeline', 'is not', null)
    .where('r.status', '=', 'running')
    .where('s.ended_at', 'is', null);
const allRunning = statement((db) => runsWithOwners(db));
const oneRunning = statement((db, p: Param<{ runId: string }>) => runsWithOwners(db).where('r.id', '=', p('runId')));
const owners = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('run_sessions as s')
    .innerJoin('workers as w', 'w.id', 's.worker_id')
    .select('s.started_at')
    .select(['w.id as worker_id', 'w.host', 'w.boot_id', 'w.pid_ns', 'w.pid', 'w.process_started_at', 'w.beat_at'])
    .where('s.run_id', '=', p('runId')),
);
const requestStop = statement((db, p: Param<{ id: string; at: number }>) =>
  db
    .updateTable('runs')
    .set((eb) => ({ cancel_requested_at: eb.fn.coalesce('cancel_requested_at', eb.val(p('at'))) }))
    .where('id', '=', p('id'))
    .where('status', '=', 'running'),
);

/** Gives a run to a worker. Sessions are numbered from 1. */
export function openSession(tx: Transaction, runId: string, worker: WorkerRecord, startedAt: number): number {
  tx.run(insertWorker, worker);
  const n = (tx.get(lastSession, { runId })?.n ?? 0) + 1;
  tx.run(insertSession, { runId, n, workerId: worker.id, startedAt, how: n === 1 ? 'start' : 'resume' });
  return n;
}

export function endSession(tx: Transaction, runId: string, endedAt: number): void {
  tx.run(closeSessions, { runId, endedAt });
}

/** Which session of a run it is: 1 for a run that was never resumed. */
export function sessionOf(tx: Transaction, runId: string): number {
  return tx.get(lastSession, { runId })?.n ?? 1;
}

/**
 * The run must be this worker's: one that was taken for dead meanwhile may not write to it any more.
 * @throws RunTakenOver
 */
export function requireOwner(tx: Transaction, runId: string, workerId: string): { cancelRequested: boolean } {
  const session = tx.get(openSessionOf, { runId, workerId });
  if (session === undefined) throw takenOver(tx, runId);
  return { cancelRequested: session.cancel_requested_at !== null };
}

/** True while the run is this worker's. */
export function isOwner(tx: Transaction, runId: string, workerId: string): boolean {
  return tx.get(openSessionOf, { runId, workerId }) !== undefined;
}

export function takenOver(tx: Transaction, runId: string): Error {
  const run = tx.get(nameAndStatus, { id: runId });
  return new RunTakenOver({ run: run?.name ?? runId, id: runId, status: run?.status ?? 'gone' });
}

/** Of all its sessions. */
export function ownersOf(tx: Transaction, runId: string): ReturnType<typeof ownerOf>[] {
  return tx.all(owners, { runId }).map(ownerOf);
}

/** The runs of all processes that have not ended. One query, on an index. */
export function runsUnderWay(store: StoreDb): Promise<RunUnderWay[]> {
  return store.connection.read((tx) => tx.all(allRunning, {}).map(underWay));
}

export function runUnderWay(tx: Transaction, runId: string): RunUnderWay | undefined {
  const row = tx.get(oneRunning, { runId });
  return row && underWay(row);
}

/** False when the run is not under way. */
export function requestCancel(store: StoreDb, runId: string): Promise<boolean> {
  return store.connection.write((tx) => tx.run(requestStop, { id: runId, at: Date.now() }) === 1);
}

function underWay(row: RowOf<typeof oneRunning>): RunUnderWay {
  return {
    id: row.id,
    name: row.name,
    session: row.n,
    ...ownerOf(row),
    cancelRequested: row.cancel_requested_at !== null,
  };
}

function ownerOf(row: RowOf<typeof owners>): Pick<RunUnderWay, 'owner' | 'since' | 'now' | 'beatAt'> {
  return {
    owner: {
      id: row.worker_id,
      host: row.host,
      bootId: row.boot_id,
      pidNamespace: row.pid_ns,
      pid: row.pid,
      processStartedAt: row.process_started_at,
    },
    since: row.started_at,
    now: Date.now(),
    ...(row.beat_at !== null && { beatAt: row.beat_at }),
  };
}
