import { FenceLost } from '../errors.ts';
import { writeMetadata } from './annotations.ts';
import { insertVersions, writeInputRefs } from './artifact-versions.ts';
import type { AttemptCommit, NewAttempt, SettledStep, StartedAttempt, StepIdentity } from './step-data.ts';
import type { VersionRecord } from './version-data.ts';
import { errorColumns } from './runs.ts';
import { isOwner, requireOwner, takenOver } from './run-sessions.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { type CreatedTrackerRun, insertTrackerRuns, requireOutcome, supersede, trackerRunsOf } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

/** Raised by whoever takes an attempt over from a dead owner. */
const FIRST_FENCE = 1;
export const NOT_MAPPED = -1;

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
  workerId: string;
  inputs: string;
  cacheKey: string | null;
}
const stepRunColumns = (p: Param<StepRunRow>) => ({
  run_id: p('id'),
  pipeline_run_id: p('runId'),
  step_id: p('stepId'),
  map_index: p('mapIndex'),
  worker_id: p('workerId'),
  inputs: p('inputs'),
  cache_key: p('cacheKey'),
});
const lastAttempt = statement((db, p: Param<Pick<StepRunRow, 'runId' | 'stepId' | 'mapIndex'>>) =>
  db
    .selectFrom('step_runs')
    .select((eb) => eb.fn.max<number | null>('attempt').as('attempt'))
    .where('pipeline_run_id', '=', p('runId'))
    .where('step_id', '=', p('stepId'))
    .where('map_index', '=', p('mapIndex')),
);
interface AttemptRow extends StepRunRow {
  attempt: number;
  fence: number;
  intents: string;
  notCached: string | null;
}
const insertAttempt = statement((db, p: Param<AttemptRow>) =>
  db
    .insertInto('step_runs')
    .values({
      ...stepRunColumns(p),
      attempt: p('attempt'),
      fence: p('fence'),
      intents: p('intents'),
      not_cached: p('notCached'),
    })
    .onConflict((conflict) => conflict.columns(['pipeline_run_id', 'step_id', 'map_index', 'attempt']).doNothing()),
);
const insertSettled = statement((db, p: Param<StepRunRow & { attempt: number; reason: string | null; source: string | null }>) =>
  db
    .insertInto('step_runs')
    .values({ ...stepRunColumns(p), attempt: p('attempt'), fence: 0, reason: p('reason'), source_step_run_id: p('source') }),
);
const readAttempt = statement((db, p: Param<{ id: string }>) =>
  db
    .selectFrom('step_runs')
    .select(['attempt', 'fence', 'pipeline_run_id', 'step_id', 'map_index', 'worker_id'])
    .where('run_id', '=', p('id')),
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
  return store.connection.write((tx) => beginAttempt(tx, attempt));
}

export function beginAttempt(tx: Transaction, attempt: NewAttempt): StartedAttempt {
  const { id, runId } = attempt;
  const { cancelRequested } = requireOwner(tx, runId, attempt.workerId);
  const isNew =
    tx.run(insertRun, { id, runId, name: attempt.stepName, status: 'running', startedAt: attempt.startedAt, endedAt: null }) === 1;
  if (!isNew) return { ...recordedAttempt(tx, id), cancelRequested };
  const number = numberAttempt(tx, attempt);
  writeInputRefs(tx, id, attempt.inputs);
  const trackerRuns = insertTrackerRuns(tx, id, identity(attempt, number), attempt.trackers);
  return { attempt: number, fence: FIRST_FENCE, trackerRuns, cancelRequested };
}

/** Writes the row of an attempt, and gives its number: nearly always it is the first, and only if that is taken it is worth a look which was the last. */
function numberAttempt(tx: Transaction, attempt: NewAttempt): number {
  const row = stepRunRow(attempt);
  const rest = { fence: FIRST_FENCE, intents: JSON.stringify(attempt.intents), notCached: attempt.notCached ?? null };
  if (tx.run(insertAttempt, { ...row, attempt: 1, ...rest }) === 1) return 1;
  const number = tx.get(lastAttempt, row)!.attempt! + 1;
  tx.run(insertAttempt, { ...row, attempt: number, ...rest });
  return number;
}

/** The call was made before and its answer was lost. */
function recordedAttempt(tx: Transaction, id: string): Omit<StartedAttempt, 'cancelRequested'> {
  const { attempt, fence } = tx.get(readAttempt, { id })!;
  return { attempt, fence, trackerRuns: trackerRunsOf(tx, id) };
}

export function commitAttempt(store: StoreDb, commit: AttemptCommit): Promise<VersionRecord[]> {
  return store.connection.write((tx) => finishAttempt(tx, store, commit));
}

export function finishAttempt(tx: Transaction, store: StoreDb, commit: AttemptCommit): VersionRecord[] {
  const { id, fence, status, endedAt } = commit;
  const isOurs = tx.run(endAttempt, { id, fence, status, endedAt, ...errorColumns(commit.error) }) === 1;
  if (!isOurs) throw fenceLost(tx, id);
  const versions = insertVersions(tx, store, commit);
  writeMetadata(tx, store, 'run', id, commit.metadata);
  if (commit.cache && status === 'completed') tx.run(remember, { id });
  if (commit.outcome !== undefined) requireOutcome(tx, id, commit.outcome);
  if (commit.willRetry) supersede(tx, id, nextAttempt(tx, commit));
  return versions;
}

function fenceLost(tx: Transaction, id: string): Error {
  const found = tx.get(readAttempt, { id });
  if (found !== undefined && !isOwner(tx, found.pipeline_run_id, found.worker_id)) return takenOver(tx, found.pipeline_run_id);
  return new FenceLost({ step: found?.step_id ?? id, attempt: found?.attempt ?? 0 });
}

function nextAttempt(tx: Transaction, { id }: AttemptCommit): StepIdentity & { attempt: number } {
  const { attempt, pipeline_run_id: runId, step_id: stepId, map_index: mapIndex } = tx.get(readAttempt, { id })!;
  return { runId, stepId, ...(mapIndex !== NOT_MAPPED && { mapIndex }), attempt: attempt + 1 };
}

export function settleSteps(store: StoreDb, steps: readonly SettledStep[]): Promise<{ trackerRuns: CreatedTrackerRun[] }[]> {
  return store.connection.write((tx) => {
    for (const { runId, workerId } of steps.slice(0, 1)) requireOwner(tx, runId, workerId);
    return steps.map((step) => ({ trackerRuns: settle(tx, step) }));
  });
}

function settle(tx: Transaction, step: SettledStep): CreatedTrackerRun[] {
  const { id, runId, at } = step;
  const isNew = tx.run(insertRun, { id, runId, name: step.stepName, status: step.status, startedAt: at, endedAt: at }) === 1;
  if (!isNew) return trackerRunsOf(tx, id);
  const row = stepRunRow(step);
  const attempt = (tx.get(lastAttempt, row)?.attempt ?? -1) + 1;
  tx.run(insertSettled, { ...row, attempt, reason: step.reason ?? null, source: step.sourceStepRunId ?? null });
  writeInputRefs(tx, id, step.inputs);
  return insertTrackerRuns(tx, id, identity(step, attempt), step.trackers, step.outcome);
}

function stepRunRow({ id, runId, stepId, mapIndex = NOT_MAPPED, workerId, inputs, cacheKey }: NewAttempt | SettledStep): StepRunRow {
  return { id, runId, stepId, mapIndex, workerId, inputs: JSON.stringify(inputs), cacheKey: cacheKey ?? null };
}

function identity(of: NewAttempt | SettledStep, attempt: number) {
  return { runId: of.runId, stepId: of.stepId, ...(of.mapIndex !== undefined && { mapIndex: of.mapIndex }), attempt };
}
