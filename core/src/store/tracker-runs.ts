import { sql } from 'kysely';
import type { RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import { writeMetadata } from './annotations.ts';
import type { StepIdentity, TrackerRunRecord, TrackerRunUpdate } from './metadata-store.ts';
import { queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StepRunIds } from './step-run-ids.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

/** A tracker run's id is its key: both name it alone, and the key is known to whoever opens it again. */
export type CreatedTrackerRun = { id: string; key: string; component: string };

type Row = Tables['tracker_runs'];

const insertTrackerRun = statement(
  (db, p: Param<{ key: string; runId: string; position: number; component: string; flavor: string; desired: string | null }>) =>
    db
      .insertInto('tracker_runs')
      .values({
        key: p('key'),
        run_id: p('runId'),
        position: p('position'),
        component: p('component'),
        flavor: p('flavor'),
        status: 'queued',
        desired: p('desired'),
        acked: '{}',
      })
      .onConflict((conflict) => conflict.doNothing()),
);
const ofRun = statement((db, p: Param<{ runId: string }>) =>
  db.selectFrom('tracker_runs').select(['key', 'component']).where('run_id', '=', p('runId')).orderBy('position'),
);
const setDesired = statement((db, p: Param<{ runId: string; desired: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ desired: p('desired') })
    .where('run_id', '=', p('runId')),
);
const setSuperseded = statement((db, p: Param<{ key: string; by: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ superseded_by: p('by') })
    .where('key', '=', p('key')),
);
const byKey = statement((db, p: Param<{ key: string }>) => db.selectFrom('tracker_runs').selectAll().where('key', '=', p('key')));
const setState = statement((db, p: Param<Pick<Row, 'key' | 'ref' | 'url' | 'status' | 'acked' | 'last_error'>>) =>
  db
    .updateTable('tracker_runs')
    .set({ ref: p('ref'), url: p('url'), status: p('status'), acked: p('acked'), last_error: p('last_error') })
    .where('key', '=', p('key')),
);
const insertRejected = statement((db, p: Param<{ key: string; writer: string; seq: number; why: string }>) =>
  db
    .insertInto('rejected_events')
    .values({ tracker_run_key: p('key'), writer: p('writer'), seq: p('seq'), why: p('why') })
    .onConflict((conflict) => conflict.doNothing()),
);

/** Those of an attempt are named by step and attempt, those of a pipeline run (`attempt` 0) by the run alone. */
export function insertTrackerRuns(
  tx: Transaction,
  runId: string,
  identity: { runId: string; attempt: number } & Partial<StepIdentity>,
  trackers: readonly { component: string; flavor: string }[],
  desired?: Outcome,
): CreatedTrackerRun[] {
  return trackers.map(({ component, flavor }, position) => {
    const key = trackerRunKey({ ...identity, component });
    tx.run(insertTrackerRun, { key, runId, position, component, flavor, desired: desired === undefined ? null : JSON.stringify(desired) });
    return { id: key, key, component };
  });
}

export function trackerRunsOf(tx: Transaction, runId: string): CreatedTrackerRun[] {
  return tx.all(ofRun, { runId }).map(({ key, component }) => ({ id: key, key, component }));
}

export function requireOutcome(tx: Transaction, runId: string, outcome: Outcome): void {
  tx.run(setDesired, { runId, desired: JSON.stringify(outcome) });
}

/** The tracker runs of a failed attempt point to those of `next`. */
export function supersede(tx: Transaction, runId: string, next: StepIdentity & { attempt: number }): void {
  for (const { key, component } of tx.all(ofRun, { runId })) tx.run(setSuperseded, { key, by: trackerRunKey({ ...next, component }) });
}

export function createTrackerRuns(
  store: StoreDb,
  runId: string,
  trackers: readonly { component: string; flavor: string }[],
): Promise<CreatedTrackerRun[]> {
  return store.connection.write((tx) => insertTrackerRuns(tx, runId, { runId, attempt: 0 }, trackers));
}

export function updateTrackerRun(store: StoreDb, update: TrackerRunUpdate): Promise<void> {
  return store.connection.write((tx) => {
    const known = tx.get(byKey, { key: update.id });
    if (known === undefined) throw new RangeError(`no tracker run ${update.id}`);
    tx.run(setState, {
      key: known.key,
      ref: update.ref === undefined ? known.ref : JSON.stringify(update.ref),
      url: update.ref === undefined ? known.url : (update.ref.url ?? null),
      status: update.status ?? known.status,
      acked: update.acked === undefined ? known.acked : JSON.stringify(furthest(JSON.parse(known.acked) as Acked, update.acked)),
      last_error: update.lastError === undefined ? known.last_error : update.lastError,
    });
    for (const each of update.rejected ?? []) tx.run(insertRejected, { key: known.key, ...each });
    if (update.metadata !== undefined) writeMetadata(tx, store, 'run', known.run_id, update.metadata);
  });
}

type Acked = Record<string, number>;

function furthest(known: Acked, more: Acked): Acked {
  const merged = { ...known };
  for (const [writer, seq] of Object.entries(more)) merged[writer] = Math.max(merged[writer] ?? 0, seq);
  return merged;
}

export function trackerRunRecord(row: Row & { rejected: number }): TrackerRunRecord {
  return {
    id: row.key,
    runId: row.run_id,
    component: row.component,
    flavor: row.flavor,
    key: row.key,
    status: row.status,
    acked: JSON.parse(row.acked) as Acked,
    rejected: row.rejected,
    ...(row.ref !== null && { ref: JSON.parse(row.ref) as NonNullable<TrackerRunRecord['ref']> }),
    ...(row.desired !== null && { desired: JSON.parse(row.desired) as Outcome }),
    ...(row.last_error !== null && { lastError: row.last_error }),
    ...(row.superseded_by !== null && { supersededBy: row.superseded_by }),
  };
}

/** Of the given runs, those of each in the order of its trackers. */
export function trackerRunsIn(runIds: readonly string[] | StepRunIds) {
  return queries
    .selectFrom('tracker_runs as t')
    .selectAll('t')
    .select((eb) =>
      eb
        .selectFrom('rejected_events')
        .select((count) => count.fn.countAll<number>().as('n'))
        .whereRef('tracker_run_key', '=', 't.key')
        .$asScalar()
        .$notNull()
        .as('rejected'),
    )
    .where('t.run_id', 'in', runIds)
    .orderBy('t.run_id')
    .orderBy('t.position');
}

const due = statement(() =>
  queries
    .selectFrom('tracker_runs')
    .select((eb) => ['component', eb.fn.countAll<number>().as('trackerRuns')])
    .where('desired', 'is not', null)
    // Literals, so that the planner sees that the index of such rows serves.
    .where('status', 'in', [sql.lit<RunStatus>('queued'), sql.lit<RunStatus>('running')])
    .groupBy('component')
    .orderBy('component'),
);

export function undelivered(store: StoreDb): Promise<{ component: string; trackerRuns: number }[]> {
  return store.connection.read((tx) => tx.all(due, {}).map((row) => ({ ...row })));
}
