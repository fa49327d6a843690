import type { Expression } from 'kysely';
import { RunUnderWay, UnknownRun } from '../errors.ts';
import type { DeletedRun } from './run-data.ts';
import { runUnderWay } from './run-sessions.ts';
import type { Queries } from './sqlite-dialect.ts';
import { type Param, statement } from './statement.ts';
import { ownStepRuns, type OfRun } from './step-run-ids.ts';
import type { StoreDb } from './store-db.ts';
import type { Transaction } from './transaction.ts';

/** What step runs logged is removed in transactions of this many: others want to write too. */
const BATCH = 50;

type OfId = { id: string };

const readRun = statement((db, p: Param<OfId>) => db.selectFrom('runs').select(['name', 'status']).where('id', '=', p('id')));
const readDeletedAt = statement((db, p: Param<OfId>) => db.selectFrom('runs').select('deleted_at').where('id', '=', p('id')));
/** Runs that began before a run was deleted may have looked it up in the cache, and have not said so yet. */
const deletedBefore = statement((db, p: Param<{ at: number }>) =>
  db.selectFrom('runs').select('id').where('deleted_at', '<', p('at')).orderBy('deleted_at').orderBy('id'),
);
const underWaySince = statement((db) =>
  db
    .selectFrom('runs')
    .select((eb) => eb.fn.min<number | null>('started_at').as('at'))
    .where('pipeline', 'is not', null)
    .where('status', '=', 'running'),
);
const hide = statement((db, p: Param<OfId & { at: number }>) =>
  db
    .updateTable('runs')
    .set({ pipeline: null, deleted_at: p('at') })
    .where('id', '=', p('id'))
    .where('deleted_at', 'is', null),
);
const forgetCached = statement((db, p: Param<OfRun>) =>
  db
    .deleteFrom('cache')
    .where((eb) =>
      eb(
        eb.refTuple('cache_key', 'step_run_id'),
        'in',
        eb
          .selectFrom('step_runs')
          .select(['cache_key', 'run_id'])
          .where('pipeline_run_id', '=', p('runId'))
          .where('cache_key', 'is not', null)
          .$narrowType<{ cache_key: string }>()
          .$asTuple('cache_key', 'run_id'),
      ),
    ),
);
const forgetInputs = statement((db, p: Param<OfRun>) =>
  db.deleteFrom('artifact_refs').where('run_id', 'in', ownStepRuns(db, p)).where('role', '=', 'input'),
);
const giveUpDelivery = statement((db, p: Param<OfRun & { at: number }>) =>
  db
    .updateTable('tracker_runs')
    .set({ dropped_at: p('at') })
    .where((eb) => eb('run_id', 'in', ownStepRuns(db, p).unionAll(db.selectFrom('runs').select('id').where('id', '=', p('runId')))))
    .where('status', 'in', ['queued', 'running'])
    .where('dropped_at', 'is', null),
);
const stepRunsOf = statement((db, p: Param<OfRun>) =>
  db
    .selectFrom('step_runs as s')
    .select('s.run_id as id')
    .select((eb) => [eb('s.intents', 'is', null).as('never_ran'), eb.exists(readersOf(db, eb.ref('s.run_id'))).as('is_used')])
    .where('s.pipeline_run_id', '=', p('runId')),
);
/** Cached steps that show what another step run made as theirs. */
export const readersOf = (db: Queries, stepRunId: Expression<string>) =>
  db
    .selectFrom('step_runs as c')
    .innerJoin('runs as reader', 'reader.id', 'c.pipeline_run_id')
    .select('c.run_id')
    .where('c.source_step_run_id', '=', stepRunId)
    .where('reader.pipeline', 'is not', null);

const forgetParams = statement((db, p: Param<OfId>) => db.deleteFrom('params').where('run_id', '=', p('id')));
const forgetTags = statement((db, p: Param<OfId>) => db.deleteFrom('tags').where('entity', '=', 'run').where('entity_id', '=', p('id')));
const forgetMetadata = statement((db, p: Param<OfId>) =>
  db.deleteFrom('metadata').where('entity', '=', 'run').where('entity_id', '=', p('id')),
);
const forgetPoints = statement((db, p: Param<OfId>) =>
  db
    .deleteFrom('metric_points')
    .where('series_id', 'in', (eb) => eb.selectFrom('metric_series').select('id').where('run_id', '=', p('id'))),
);
const forgetSeries = statement((db, p: Param<OfId>) => db.deleteFrom('metric_series').where('run_id', '=', p('id')));
const forgetDocuments = statement((db, p: Param<OfId>) => db.deleteFrom('documents').where('run_id', '=', p('id')));
const forgetFiles = statement((db, p: Param<OfId>) => db.deleteFrom('logged_artifacts').where('run_id', '=', p('id')));
const forgetRejected = statement((db, p: Param<OfId>) =>
  db
    .deleteFrom('rejected_events')
    .where('tracker_run_key', 'in', (eb) => eb.selectFrom('tracker_runs').select('key').where('run_id', '=', p('id'))),
);
const forgetTrackerRuns = statement((db, p: Param<OfId>) => db.deleteFrom('tracker_runs').where('run_id', '=', p('id')));
const forgetSegments = statement((db, p: Param<OfId>) => db.deleteFrom('event_segments').where('run_id', '=', p('id')));
const logged = [
  forgetParams,
  forgetTags,
  forgetMetadata,
  forgetPoints,
  forgetSeries,
  forgetDocuments,
  forgetFiles,
  forgetRejected,
  forgetTrackerRuns,
];

const forgetRefs = statement((db, p: Param<OfId>) => db.deleteFrom('artifact_refs').where('run_id', '=', p('id')));
const forgetStepRun = statement((db, p: Param<OfId>) => db.deleteFrom('step_runs').where('run_id', '=', p('id')));
const forgetSessions = statement((db, p: Param<OfId>) => db.deleteFrom('run_sessions').where('run_id', '=', p('id')));
const forgetRun = statement((db, p: Param<OfId>) => db.deleteFrom('runs').where('id', '=', p('id')));

/**
 * Takes a run away: from now on nothing finds it and no step is cached from it. What it logged is removed, except of steps that stand in other runs as
 * cached ones. Rows that tell which bytes were its own stay until garbage is collected. A call that was interrupted is finished by a second one, or then.
 * @throws UnknownRun, RunUnderWay
 */
export async function deleteRun(store: StoreDb, runId: string): Promise<DeletedRun> {
  const undelivered = await store.connection.write((tx) => {
    refuseRunning(tx, runId);
    // Only now: whoever has looked the run up in the cache has said before that it is under way.
    const at = Date.now();
    tx.run(hide, { id: runId, at });
    tx.run(forgetCached, { runId });
    tx.run(forgetInputs, { runId });
    return tx.run(giveUpDelivery, { runId, at });
  });
  if (await store.connection.read((tx) => isOutOfUse(tx, runId))) await strip(store, runId);
  return { undelivered };
}

function refuseRunning(tx: Transaction, runId: string): void {
  const run = tx.get(readRun, { id: runId });
  if (run === undefined) throw new UnknownRun({ run: runId });
  if (run.status !== 'running') return;
  const { pid = 0, host = '' } = runUnderWay(tx, runId)?.owner ?? {};
  throw new RunUnderWay({ run: run.name, pid, host, doing: 'deleted' });
}

/** Those that no run under way can have found in the cache before they were deleted. */
export function deletedRuns(tx: Transaction): string[] {
  return tx.all(deletedBefore, { at: firstUnderWay(tx) }).map(({ id }) => id);
}

/** Whether a run is one of these. Asked of the run alone: of those that others still use, there may be many. */
function isOutOfUse(tx: Transaction, id: string): boolean {
  const deletedAt = tx.get(readDeletedAt, { id })?.deleted_at ?? null;
  return deletedAt !== null && deletedAt < firstUnderWay(tx);
}

/** When the first of the runs under way began, ms; infinite if there is none. */
export function firstUnderWay(tx: Transaction): number {
  return tx.get(underWaySince, {})?.at ?? Infinity;
}

/** Of a deleted run, removes what was logged, and of steps that did not run all there is; nothing of steps that other runs show as cached. */
export async function strip(store: StoreDb, runId: string): Promise<void> {
  const stepRuns = await store.connection.read((tx) => tx.all(stepRunsOf, { runId }));
  const unused = stepRuns.filter(({ is_used }) => !is_used);
  for (let at = 0; at < unused.length; at += BATCH)
    await store.connection.write((tx) => {
      for (const { id, never_ran } of unused.slice(at, at + BATCH)) {
        for (const forget of logged) tx.run(forget, { id });
        if (never_ran) forgetStep(tx, id);
      }
    });
  await store.connection.write((tx) => {
    for (const forget of [...logged, forgetSegments]) tx.run(forget, { id: runId });
  });
}

/** Of an attempt or a step that did not run. Nothing may point to it any more. */
export function forgetStep(tx: Transaction, id: string): void {
  for (const forget of [forgetRefs, forgetStepRun, forgetRun]) tx.run(forget, { id });
}

/** Of a pipeline run without any step. */
export function forgetPipelineRun(tx: Transaction, id: string): void {
  for (const forget of [forgetRefs, forgetSessions, forgetRun]) tx.run(forget, { id });
}
