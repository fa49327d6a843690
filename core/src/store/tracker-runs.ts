import { type Expression, sql } from 'kysely';
import type { JsonObject } from '../json.ts';
import { hasEnded, type RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome, TrackerRunRef } from '../tracking/experiment-tracker.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';
import { writeMetadata } from './annotations.ts';
import type { StepIdentity } from './step-data.ts';
import type { TrackerRunRecord, TrackerRunUpdate } from './tracking-data.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

/** A tracker run's id is its key: both name it alone, and the key is known to whoever opens it again. */
export type CreatedTrackerRun = { id: string; key: string; component: string };

/** A tracker of a step, and what the step sets for it. */
export type TrackerOfStep = { component: string; flavor: string; settings?: JsonObject };

type Row = Tables['tracker_runs'];

interface NewTrackerRun {
  key: string;
  runId: string;
  pipelineRunId: string;
  position: number;
  component: string;
  flavor: string;
  settings: string | null;
  desired: string | null;
}
const insertTrackerRun = statement((db, p: Param<NewTrackerRun>) =>
  db
    .insertInto('tracker_runs')
    .values({
      key: p('key'),
      run_id: p('runId'),
      pipeline_run_id: p('pipelineRunId'),
      position: p('position'),
      component: p('component'),
      flavor: p('flavor'),
      settings: p('settings'),
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
/** One that was closed otherwise (a run that failed and was resumed) is to be closed again. */
const reopen = statement((db, p: Param<{ runId: string; status: Outcome['status'] }>) =>
  db
    .updateTable('tracker_runs')
    .set({ status: 'running' })
    .where('run_id', '=', p('runId'))
    .where('status', 'in', ['completed', 'failed', 'killed'])
    .where('status', '!=', p('status')),
);
const setSuperseded = statement((db, p: Param<{ key: string; by: string }>) =>
  db
    .updateTable('tracker_runs')
    .set({ superseded_by: p('by') })
    .where('key', '=', p('key')),
);
const byKey = statement((db, p: Param<{ key: string }>) => db.selectFrom('tracker_runs').selectAll().where('key', '=', p('key')));
type State = Pick<Row, 'key' | 'ref' | 'url' | 'status' | 'acked' | 'last_error' | 'claim_worker' | 'claim_until'>;
const setState = statement((db, p: Param<State>) =>
  db
    .updateTable('tracker_runs')
    .set({ ref: p('ref'), url: p('url'), status: p('status'), acked: p('acked'), last_error: p('last_error') })
    .set({ claim_worker: p('claim_worker'), claim_until: p('claim_until') })
    .where('key', '=', p('key')),
);
const endOfRun = statement((db, p: Param<{ runId: string }>) =>
  db.selectFrom('runs').select(['status', 'error_name', 'error_message', 'error_stack']).where('id', '=', p('runId')),
);
const insertRejected = statement((db, p: Param<{ key: string; writer: string; seq: number; why: string }>) =>
  db
    .insertInto('rejected_events')
    .values({ tracker_run_key: p('key'), writer: p('writer'), seq: p('seq'), why: p('why') })
    .onConflict((conflict) => conflict.doNothing()),
);
const unreject = statement((db, p: Param<{ key: string; writer: string; seq: number }>) =>
  db.deleteFrom('rejected_events').where('tracker_run_key', '=', p('key')).where('writer', '=', p('writer')).where('seq', '=', p('seq')),
);

type Identity = { runId: string; attempt: number } & Partial<StepIdentity>;

/** Those of an attempt are named by step and attempt, those of a pipeline run (`attempt` 0) by the run alone. */
export function insertTrackerRuns(
  tx: Transaction,
  runId: string,
  identity: Identity,
  trackers: readonly TrackerOfStep[],
  desired?: Outcome,
): CreatedTrackerRun[] {
  return trackers.map((tracker, position) => addTrackerRun(tx, runId, identity, tracker, position, desired).created);
}

/** The row of one tracker run. Nothing changes if it is there. */
export function addTrackerRun(
  tx: Transaction,
  runId: string,
  identity: Identity,
  { component, flavor, settings }: TrackerOfStep,
  position: number,
  desired: Outcome | undefined,
): { created: CreatedTrackerRun; isNew: boolean } {
  const key = trackerRunKey({ ...identity, component });
  const rows = tx.run(insertTrackerRun, {
    ...{ key, runId, pipelineRunId: identity.runId, position, component, flavor },
    settings: settings === undefined ? null : JSON.stringify(settings),
    desired: desired === undefined ? null : JSON.stringify(desired),
  });
  return { created: { id: key, key, component }, isNew: rows === 1 };
}

export function trackerRunsOf(tx: Transaction, runId: string): CreatedTrackerRun[] {
  return tx.all(ofRun, { runId }).map(({ key, component }) => ({ id: key, key, component }));
}

export function requireOutcome(tx: Transaction, runId: string, outcome: Outcome): void {
  tx.run(setDesired, { runId, desired: JSON.stringify(outcome) });
}

/** The same for a pipeline run, which may have ended before. */
export function requireOutcomeOfRun(tx: Transaction, runId: string, outcome: Outcome): void {
  requireOutcome(tx, runId, outcome);
  tx.run(reopen, { runId, status: outcome.status });
}

/** The tracker runs of a failed attempt point to those of `next`. */
export function supersede(tx: Transaction, runId: string, next: StepIdentity & { attempt: number }): void {
  for (const { key, component } of tx.all(ofRun, { runId })) tx.run(setSuperseded, { key, by: trackerRunKey({ ...next, component }) });
}

/** The tracker run of a pipeline run. What it must reach is known if that has ended already. */
export function insertParent(tx: Transaction, runId: string, tracker: TrackerOfStep): { created: CreatedTrackerRun; isNew: boolean } {
  return addTrackerRun(tx, runId, { runId, attempt: 0 }, tracker, 0, outcomeOf(tx.get(endOfRun, { runId })));
}

/** What the row of a run or an attempt tells of its end; undefined: it has not come to one. */
export function outcomeOf(
  run: Pick<Tables['runs'], 'status' | 'error_name' | 'error_message' | 'error_stack'> | undefined,
): Outcome | undefined {
  if (run?.status === 'completed') return { status: 'completed' };
  if (run?.status === 'killed') return { status: 'killed', reason: run.error_message ?? 'killed' };
  if (run?.status !== 'failed') return undefined;
  const stack = run.error_stack === null ? {} : { stack: run.error_stack };
  return { status: 'failed', error: { name: run.error_name ?? 'Error', message: run.error_message ?? 'failed', ...stack } };
}

export function createTrackerRuns(
  store: StoreDb,
  runId: string,
  trackers: readonly { component: string; flavor: string }[],
): Promise<(CreatedTrackerRun & { ref?: TrackerRunRef })[]> {
  return store.connection.write((tx) =>
    trackers.map((tracker) => {
      const { created, isNew } = insertParent(tx, runId, tracker);
      const ref = isNew ? null : tx.get(byKey, { key: created.key })!.ref;
      return { ...created, ...(ref !== null && { ref: JSON.parse(ref) as TrackerRunRef }) };
    }),
  );
}

export function updateTrackerRun(store: StoreDb, update: TrackerRunUpdate): Promise<void> {
  return store.connection.write((tx) => {
    const known = tx.get(byKey, { key: update.id });
    if (known === undefined) throw new RangeError(`no tracker run ${update.id}`);
    const over = update.status !== undefined && hasEnded(update.status);
    tx.run(setState, {
      key: known.key,
      ref: update.ref === undefined ? known.ref : JSON.stringify(update.ref),
      url: update.ref === undefined ? known.url : (update.ref.url ?? null),
      status: update.status ?? known.status,
      acked: update.acked === undefined ? known.acked : JSON.stringify(furthest(JSON.parse(known.acked) as Acked, update.acked)),
      last_error: update.lastError === undefined ? known.last_error : update.lastError,
      // Nobody is at work on one that has reached its end.
      claim_worker: over ? null : known.claim_worker,
      claim_until: over ? null : known.claim_until,
    });
    for (const each of update.rejected ?? []) tx.run(insertRejected, { key: known.key, ...each });
    for (const { writer, seq } of update.arrived ?? []) tx.run(unreject, { key: known.key, writer, seq });
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
    ...(row.dropped_at !== null && { dropped: true }),
    ...(row.ref !== null && { ref: JSON.parse(row.ref) as NonNullable<TrackerRunRecord['ref']> }),
    ...(row.desired !== null && { desired: JSON.parse(row.desired) as Outcome }),
    ...(row.last_error !== null && { lastError: row.last_error }),
    ...(row.superseded_by !== null && { supersededBy: row.superseded_by }),
  };
}

/** Of the runs whose ids `runIds` gives, those of each in the order of its trackers. */
export function trackerRunsIn(db: Queries, runIds: readonly string[] | Expression<{ id: string }>) {
  return db
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
    .where('t.run_id', 'in', runIds as readonly string[])
    .orderBy('t.run_id')
    .orderBy('t.position');
}

const due = statement((db) =>
  db
    .selectFrom('tracker_runs')
    .select((eb) => ['component', eb.fn.countAll<number>().as('trackerRuns')])
    .where('desired', 'is not', null)
    // Literals, so that the planner sees that the index of such rows serves.
    .where('status', 'in', [sql.lit<RunStatus>('queued'), sql.lit<RunStatus>('running')])
    .where('dropped_at', 'is', null)
    .groupBy('component')
    .orderBy('component'),
);

export function undelivered(store: StoreDb): Promise<{ component: string; trackerRuns: number }[]> {
  return store.connection.read((tx) => tx.all(due, {}).map((row) => ({ ...row })));
}
