import type { JsonObject } from '../json.ts';
import type { Outcome, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import { CLAIM_MS } from './claim-ms.ts';
import type { DeliveryQuery, StoredTrackerRun, HeldClaim, TrackerRunClaim } from './delivery-store.ts';
import { countRejected, dueOnes, filterOf, isAsked } from './due-tracker-runs.ts';
import { insertWorker } from './run-sessions.ts';
import { type Param, type RowOf, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { insertParent } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

/** A claim as the rows tell it. */
interface Claimant {
  runId: string;
  component: string;
  workerId: string;
}
interface Claim extends Claimant {
  now: number;
  until: number;
}

/** Nothing to claim while a session of the run is open, or somebody has a claim that holds. */
const isTaken = statement((db, p: Param<Pick<Claim, 'runId' | 'component' | 'now'>>) =>
  db
    .selectFrom('runs as r')
    .select('r.id')
    .where('r.id', '=', p('runId'))
    .where((eb) =>
      eb.or([
        eb.exists(eb.selectFrom('run_sessions as s').select('s.n').where('s.run_id', '=', p('runId')).where('s.ended_at', 'is', null)),
        eb.exists(
          eb
            .selectFrom('tracker_runs as t')
            .select('t.key')
            .where('t.pipeline_run_id', '=', p('runId'))
            .where('t.component', '=', p('component'))
            .where('t.claim_until', '>=', p('now')),
        ),
      ]),
    ),
);
const claimDue = statement((db, p: Param<Claim>) =>
  db
    .updateTable('tracker_runs')
    .set({ claim_worker: p('workerId'), claim_until: p('until') })
    .where('key', 'in', dueOnes(db).select('t.key').where('t.component', '=', p('component')).where('t.pipeline_run_id', '=', p('runId'))),
);
/** Of tracker runs that have not come to their end, what waits goes first: an end given now would pass over it. */
const claimRejected = statement((db, p: Param<Claim>) =>
  db
    .updateTable('tracker_runs')
    .set({ claim_worker: p('workerId'), claim_until: p('until') })
    .where('pipeline_run_id', '=', p('runId'))
    .where('component', '=', p('component'))
    .where('desired', 'is not', null)
    .where('status', 'not in', ['queued', 'running'])
    .where((eb) => eb.exists(eb.selectFrom('rejected_events as e').select('e.seq').whereRef('e.tracker_run_key', '=', 'tracker_runs.key'))),
);
/** What a worker claims at the end of its own run. */
const claimOwn = statement((db, p: Param<Omit<Claim, 'now'>>) =>
  db
    .updateTable('tracker_runs')
    .set({ claim_worker: p('workerId'), claim_until: p('until') })
    .where('pipeline_run_id', '=', p('runId'))
    .where('component', '=', p('component'))
    .where('status', 'in', ['queued', 'running']),
);
const renew = statement((db, p: Param<Claim>) =>
  db
    .updateTable('tracker_runs')
    .set({ claim_until: p('until') })
    .where('pipeline_run_id', '=', p('runId'))
    .where('component', '=', p('component'))
    .where('claim_worker', '=', p('workerId'))
    .where('claim_until', '>=', p('now')),
);
const release = statement((db, p: Param<Claimant>) =>
  db
    .updateTable('tracker_runs')
    .set({ claim_worker: null, claim_until: null })
    .where('pipeline_run_id', '=', p('runId'))
    .where('component', '=', p('component'))
    .where('claim_worker', '=', p('workerId')),
);
const claimedByWorker = statement((db, p: Param<{ workerId: string; now: number }>) =>
  dueOnes(db)
    .select(['t.pipeline_run_id as runId', 't.component'])
    .distinct()
    .where('t.claim_worker', '=', p('workerId'))
    .where('t.claim_until', '>=', p('now')),
);
const claimed = statement((db, p: Param<Claimant>) =>
  db
    .selectFrom('tracker_runs as t')
    .innerJoin('runs as r', 'r.id', 't.run_id')
    .leftJoin('step_runs as s', 's.run_id', 't.run_id')
    .select(['t.key', 't.run_id', 't.position', 't.status', 't.ref', 't.desired', 't.acked', 't.superseded_by', 't.settings', 't.flavor'])
    .select(['r.started_at', 'r.ended_at', 's.step_id', 's.map_index', 's.attempt'])
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('tracker_runs as o')
            .select('o.key')
            .whereRef('o.run_id', '=', 't.run_id')
            .whereRef('o.position', '!=', 't.position'),
        )
        .as('several'),
    )
    .select((eb) =>
      eb
        .exists(eb.selectFrom('run_sessions as n').select('n.n').whereRef('n.run_id', '=', 't.pipeline_run_id').where('n.n', '=', 2))
        .as('resumed'),
    )
    .where('t.pipeline_run_id', '=', p('runId'))
    .where('t.component', '=', p('component'))
    .where('t.claim_worker', '=', p('workerId'))
    .where('t.desired', 'is not', null)
    .$narrowType<{ desired: string }>()
    .orderBy('r.started_at')
    .orderBy('t.run_id'),
);
const drop = statement((db, p: Param<ReturnType<typeof filterOf> & { now: number }>) =>
  db
    .updateTable('tracker_runs')
    .set({ dropped_at: p('now'), claim_worker: null, claim_until: null })
    .where(
      'key',
      'in',
      dueOnes(db)
        .select('t.key')
        .where(isAsked(p))
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('run_sessions as s')
                .select('s.n')
                .whereRef('s.run_id', '=', 't.pipeline_run_id')
                .where('s.ended_at', 'is', null),
            ),
          ),
        ),
    ),
);
/** Of those that have ended, so that it is known later that they do not have all: on others the mark would say that nothing waits. */
const markRejected = statement((db, p: Param<ReturnType<typeof filterOf> & { now: number }>) =>
  db
    .updateTable('tracker_runs as t')
    .set({ dropped_at: p('now') })
    .where('t.key', 'in', (eb) => eb.selectFrom('rejected_events as e').select('e.tracker_run_key'))
    .where('t.status', 'not in', ['queued', 'running'])
    .where(isAsked(p)),
);
/** Of others they are kept: those would be said to have all, or are given up with what waits. */
const dropRejected = statement((db, p: Param<ReturnType<typeof filterOf>>) =>
  db
    .deleteFrom('rejected_events')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('tracker_runs as t')
          .select('t.key')
          .whereRef('t.key', '=', 'rejected_events.tracker_run_key')
          .where('t.status', 'not in', ['queued', 'running'])
          .where(isAsked(p)),
      ),
    ),
);

export function claimTrackerRuns(store: StoreDb, claim: TrackerRunClaim, what: 'due' | 'rejected'): Promise<StoredTrackerRun[]> {
  return store.connection.write((tx) => {
    const now = Date.now();
    const claimant = claimantOf(claim);
    if (tx.get(isTaken, { runId: claim.runId, component: claim.component, now }) !== undefined) return [];
    // What an earlier claim of this process left behind is not part of this one.
    tx.run(release, claimant);
    tx.run(insertWorker, claim.worker);
    const mine = { ...claimant, now, until: now + CLAIM_MS };
    if (tx.run(what === 'due' ? claimDue : claimRejected, mine) === 0) return [];
    const rows = tx.all(claimed, claimant);
    if (what === 'rejected' || !insertMissingParent(tx, claim, rows)) return rows.map(storedTrackerRun);
    tx.run(claimDue, mine);
    return tx.all(claimed, claimant).map(storedTrackerRun);
  });
}

const claimantOf = ({ runId, component, worker }: HeldClaim): Claimant => ({ runId, component, workerId: worker.id });

/** Of the owner of a run whose session ends. */
export interface EndClaim {
  workerId: string;
  ms: number;
  /** To which it is delivering. Others are free: nobody would release them. */
  components: readonly string[];
}

/** Claims for the owner of a run what it is delivering as its session ends; like any claim, this one expires and is released. */
export function claimAtEnd(tx: Transaction, runId: string, { workerId, ms, components }: EndClaim): void {
  for (const component of components) tx.run(claimOwn, { runId, component, workerId, until: Date.now() + ms });
}

/** The owner of the run may have died after it recorded the tracker runs of its steps, and before that of the run. */
function insertMissingParent(tx: Transaction, { runId, component }: TrackerRunClaim, rows: readonly ClaimedRow[]): boolean {
  const [first] = rows;
  if (first === undefined) return false;
  return insertParent(tx, runId, { component, flavor: first.flavor }).isNew;
}

type ClaimedRow = RowOf<typeof claimed>;

function storedTrackerRun(row: ClaimedRow): StoredTrackerRun {
  return {
    key: row.key,
    runId: row.run_id,
    position: row.position,
    several: Boolean(row.several),
    status: row.status,
    ...(row.ref !== null && { ref: JSON.parse(row.ref) as TrackerRunRef }),
    desired: JSON.parse(row.desired) as Outcome,
    acked: JSON.parse(row.acked) as Record<string, number>,
    ...(row.superseded_by !== null && { supersededBy: row.superseded_by }),
    settings: row.settings === null ? {} : (JSON.parse(row.settings) as JsonObject),
    startedAt: row.started_at,
    endedAt: row.ended_at ?? row.started_at,
    resumed: Boolean(row.resumed),
    ...(row.step_id !== null && {
      step: { stepId: row.step_id, ...(row.map_index! >= 0 && { mapIndex: row.map_index! }), attempt: row.attempt! },
    }),
  };
}

export function renewClaim(store: StoreDb, claim: HeldClaim): Promise<boolean> {
  return store.connection.write((tx) => {
    const now = Date.now();
    return tx.run(renew, { ...claimantOf(claim), now, until: now + CLAIM_MS }) > 0;
  });
}

export function releaseClaim(store: StoreDb, claim: HeldClaim): Promise<void> {
  return store.connection.write((tx) => void tx.run(release, claimantOf(claim)));
}

export function releaseClaimsOf(store: StoreDb, workerId: string): Promise<void> {
  return store.connection.write((tx) => {
    for (const claim of tx.all(claimedByWorker, { workerId, now: Date.now() })) tx.run(release, { ...claim, workerId });
  });
}

export function dropTrackerRuns(store: StoreDb, query: DeliveryQuery): Promise<{ trackerRuns: number; events: number }> {
  return store.connection.write((tx) => {
    const filter = filterOf(query);
    const now = Date.now();
    const count = (): number => tx.get(countRejected, filter)!.n;
    const before = count();
    const trackerRuns = tx.run(drop, { ...filter, now });
    tx.run(markRejected, { ...filter, now });
    tx.run(dropRejected, filter);
    return { trackerRuns, events: before - count() };
  });
}
