import { FenceLost } from '../errors.ts';
import { writeMetadata } from './annotations.ts';
import { commitVersions, insertIntent, writeInputRefs } from './artifact-versions.ts';
import type { AttemptCommit, NewAttempt, SettledStep, StartedAttempt, VersionRecord } from './metadata-store.ts';
import { errorColumns } from './runs.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { type CreatedTrackerRun, insertTrackerRuns, requireOutcome, supersede, trackerRunsOf } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

/** Raised by whoever takes an attempt over from a dead owner. */
const FIRST_FENCE = 1;
const NOT_MAPPED = -1;

const lastAttempt = statement((db, p: Param<{ runId: string; stepId: string; mapIndex: number }>) =>
  db
    .selectFrom('step_runs')
    .select((eb) => eb.fn.max<number | null>('attempt').as('attempt'))
    .where('pipeline_run_id', '=', p('runId'))
    .where('step_id', '=', p('stepId'))
    .where('map_index', '=', p('mapIndex')),
);
interface RunOfStep {
  id: string;
  runId: string;
  name: string;
  status: 'running' | 'cached' | 'skipped';
  startedAt: number;
  endedAt: number | null;
}
const insertRun = statement((db, p: Param<RunOfStep>) =>
  db
    .insertInto('runs')
    .values((eb) => ({
      id: p('id'),
      kind: 'step',
      parent_id: p('runId'),
      experiment_id: eb.selectFrom('runs').select('experiment_id').where('id', '=', p('runId')).$asScalar().$notNull(),
      name: p('name'),
      status: p('status'),
      started_at: p('startedAt'),
      ended_at: p('endedAt'),
    }))
    .onConflict((conflict) => conflict.column('id').doNothing()),
);
interface StepRunRow {
  id: string;
  runId: string;
  stepId: string;
  mapIndex: number;
  attempt: number;
  workerId: string;
  fence: number;
  inputs: string;
  cacheKey: string | null;
  notCached: string | null;
  reason: string | null;
  source: string | null;
}
const insertStepRun = statement((db, p: Param<StepRunRow>) =>
  db.insertInto('step_runs').values({
    run_id: p('id'),
    pipeline_run_id: p('runId'),
    step_id: p('stepId'),
    map_index: p('mapIndex'),
    attempt: p('attempt'),
    worker_id: p('workerId'),
    fence: p('fence'),
    inputs: p('inputs'),
    cache_key: p('cacheKey'),
    not_cached: p('notCached'),
    reason: p('reason'),
    source_step_run_id: p('source'),
  }),
);
const readAttempt = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('step_runs').select(['attempt', 'fence', 'pipeline_run_id', 'step_id', 'map_index']).where('run_id', '=', p('id')),
);
interface AttemptEnd {
  id: string;
  fence: number;
  status: AttemptCommit['status'];
  endedAt: number;
  errorName: string | null;
  errorMessage: string | null;
  errorStack: string | null;
}
const endAttempt = statement((db, p: Param<AttemptEnd>) =>
  db
    .updateTable('runs')
    .set({
      status: p('status'),
      ended_at: p('endedAt'),
      error_name: p('errorName'),
      error_message: p('errorMessage'),
      error_stack: p('errorStack'),
    })
    .where('id', '=', p('id'))
    .where('status', '=', 'running')
    .where((eb) => eb.exists(eb.selectFrom('step_runs').select('run_id').where('run_id', '=', p('id')).where('fence', '=', p('fence')))),
);
const remember = statement((db, p: Param<{ id: string }>) =>
  db
    .insertInto('cache')
    .columns(['cache_key', 'step_run_id'])
    .expression((eb) =>
      eb
        .selectFrom('step_runs')
        .select(['cache_key', 'run_id'])
        .where('run_id', '=', p('id'))
        .where('cache_key', 'is not', null)
        .$narrowType<{ cache_key: string }>(),
    )
    .onConflict((conflict) => conflict.doNothing()),
);

export function startAttempt(store: StoreDb, attempt: NewAttempt): Promise<StartedAttempt> {
  return store.connection.write((tx) => {
    const { id, runId, stepId, mapIndex = NOT_MAPPED } = attempt;
    const isNew =
      tx.run(insertRun, { id, runId, name: attempt.stepName, status: 'running', startedAt: attempt.startedAt, endedAt: null }) === 1;
    if (!isNew) return recordedAttempt(tx, id);
    const number = (tx.get(lastAttempt, { runId, stepId, mapIndex })?.attempt ?? 0) + 1;
    tx.run(insertStepRun, {
      id,
      runId,
      stepId,
      mapIndex,
      attempt: number,
      workerId: attempt.workerId,
      fence: FIRST_FENCE,
      inputs: JSON.stringify(attempt.inputs),
      cacheKey: attempt.cacheKey ?? null,
      notCached: attempt.notCached ?? null,
      reason: null,
      source: null,
    });
    writeInputRefs(tx, id, attempt.inputs);
    for (const intent of attempt.intents) insertIntent(tx, store, intent);
    return { attempt: number, fence: FIRST_FENCE, trackerRuns: insertTrackerRuns(tx, id, identity(attempt, number), attempt.trackers) };
  });
}

/** The call was made before and its answer was lost. */
function recordedAttempt(tx: Transaction, id: string): StartedAttempt {
  const { attempt, fence } = tx.get(readAttempt, { id })!;
  return { attempt, fence, trackerRuns: trackerRunsOf(tx, id) };
}

export function commitAttempt(store: StoreDb, commit: AttemptCommit): Promise<VersionRecord[]> {
  return store.connection.write((tx) => {
    const { id, fence, status, endedAt } = commit;
    const isOurs = tx.run(endAttempt, { id, fence, status, endedAt, ...errorColumns(commit.error) }) === 1;
    if (!isOurs) throw fenceLost(tx, id);
    const versions = commitVersions(tx, store, id, commit.versions, endedAt);
    if (versions === undefined) throw fenceLost(tx, id);
    writeMetadata(tx, store, 'run', id, commit.metadata);
    if (commit.cache && status === 'completed') tx.run(remember, { id });
    requireOutcome(tx, id, commit.outcome);
    if (commit.willRetry) {
      const { attempt, ...of } = tx.get(readAttempt, { id })!;
      const mapIndex = of.map_index === NOT_MAPPED ? {} : { mapIndex: of.map_index };
      supersede(tx, id, { runId: of.pipeline_run_id, stepId: of.step_id, ...mapIndex, attempt: attempt + 1 });
    }
    return versions;
  });
}

function fenceLost(tx: Transaction, id: string): Error {
  const found = tx.get(readAttempt, { id });
  return new FenceLost({ step: found?.step_id ?? id, attempt: found?.attempt ?? 0 });
}

export function settleStep(store: StoreDb, step: SettledStep): Promise<{ trackerRuns: CreatedTrackerRun[] }> {
  return store.connection.write((tx) => {
    const { id, runId, stepId, at } = step;
    const isNew = tx.run(insertRun, { id, runId, name: step.stepName, status: step.status, startedAt: at, endedAt: at }) === 1;
    if (!isNew) return { trackerRuns: trackerRunsOf(tx, id) };
    tx.run(insertStepRun, {
      id,
      runId,
      stepId,
      mapIndex: step.mapIndex ?? NOT_MAPPED,
      attempt: 0,
      workerId: step.workerId,
      fence: 0,
      inputs: JSON.stringify(step.inputs),
      cacheKey: step.cacheKey ?? null,
      notCached: null,
      reason: step.reason ?? null,
      source: step.sourceStepRunId ?? null,
    });
    writeInputRefs(tx, id, step.inputs);
    return { trackerRuns: insertTrackerRuns(tx, id, identity(step, 0), step.trackers, step.outcome) };
  });
}

function identity(of: NewAttempt | SettledStep, attempt: number) {
  return { runId: of.runId, stepId: of.stepId, ...(of.mapIndex !== undefined && { mapIndex: of.mapIndex }), attempt };
}
