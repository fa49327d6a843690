import { RunNameTaken } from '../errors.ts';
import { hasEnded, type PipelineSpec, type RunStatus } from '../pipeline/pipeline-spec.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import { writeMetadata, writeParams, writeTags } from './annotations.ts';
import type { MetadataValue, NewRun, RunError } from './run-data.ts';
import { endSession, isOwner, openSession, takenOver } from './run-sessions.ts';
import { writeSnapshot } from './snapshots.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import { endAttempts } from './sweep-run.ts';
import { claimAtEnd, type EndClaim } from './tracker-claims.ts';
import { requireOutcomeOfRun } from './tracker-runs.ts';
import type { Transaction } from './transaction.ts';

const findByName = statement((db, p: Param<{ name: string }>) =>
  db.selectFrom('runs').select('id').where('pipeline', 'is not', null).where('name', '=', p('name')),
);
interface RunRow {
  id: string;
  experiment: string;
  pipeline: string;
  name: string;
  stack: string;
  user: string | null;
  startedAt: number;
  spec: string;
  stackHash: string;
  environment: string;
}
const insertRun = statement((db, p: Param<RunRow>) =>
  db.insertInto('runs').values({
    id: p('id'),
    kind: 'pipeline',
    experiment_id: p('experiment'),
    pipeline: p('pipeline'),
    name: p('name'),
    status: 'running',
    stack: p('stack'),
    user: p('user'),
    started_at: p('startedAt'),
    warnings: '[]',
    spec_hash: p('spec'),
    stack_hash: p('stackHash'),
    env_hash: p('environment'),
  }),
);
interface RunEnd {
  id: string;
  status: RunStatus;
  endedAt: number | null;
  errorName: string | null;
  errorMessage: string | null;
  errorStack: string | null;
}
const updateRun = statement((db, p: Param<RunEnd>) =>
  db
    .updateTable('runs')
    .set({
      status: p('status'),
      ended_at: p('endedAt'),
      error_name: p('errorName'),
      error_message: p('errorMessage'),
      error_stack: p('errorStack'),
    })
    .where('id', '=', p('id')),
);
const endOf = statement((db, p: Param<{ id: string; status: RunStatus; endedAt: number }>) =>
  db.selectFrom('runs').select('id').where('id', '=', p('id')).where('status', '=', p('status')).where('ended_at', '=', p('endedAt')),
);
const setSpec = statement((db, p: Param<{ id: string; spec: string }>) =>
  db
    .updateTable('runs')
    .set({ spec_hash: p('spec') })
    .where('id', '=', p('id')),
);
const readWarnings = statement((db, p: Param<{ id: string }>) => db.selectFrom('runs').select('warnings').where('id', '=', p('id')));
const setWarnings = statement((db, p: Param<{ id: string; warnings: string }>) =>
  db
    .updateTable('runs')
    .set({ warnings: p('warnings') })
    .where('id', '=', p('id')),
);

export function createRun(store: StoreDb, run: NewRun): Promise<void> {
  return store.connection.write((tx) => {
    const holder = runOfName(tx, run.name);
    if (holder === run.id) return;
    if (holder !== undefined) throw new RunNameTaken({ name: run.name });
    beginRun(tx, store, run);
  });
}

/** Id of the run that has a name. */
export function runOfName(tx: Transaction, name: string): string | undefined {
  return tx.get(findByName, { name })?.id;
}

/** Its name must be free. */
export function beginRun(tx: Transaction, store: StoreDb, run: NewRun): void {
  tx.run(insertRun, {
    id: run.id,
    experiment: store.experiments.id(tx, run.experiment),
    pipeline: run.pipeline,
    name: run.name,
    stack: run.stack.name,
    user: run.environment.user ?? null,
    startedAt: run.startedAt,
    spec: writeSnapshot(tx, 'spec', run.spec),
    stackHash: writeSnapshot(tx, 'stack', run.stack),
    environment: writeSnapshot(tx, 'env', run.environment),
  });
  openSession(tx, run.id, run.worker, run.startedAt);
  writeParams(tx, store, run.id, run.params);
  writeTags(tx, store, run.id, run.tags);
}

export interface RunFinish {
  id: string;
  workerId: string;
  status: RunStatus;
  endedAt: number;
  error?: RunError;
  warnings: string[];
  spec?: PipelineSpec;
  outcome: Outcome;
  claim?: EndClaim;
}

export function finishRun(store: StoreDb, run: RunFinish): Promise<void> {
  return store.connection.write((tx) => endRun(tx, run));
}

export function endRun(tx: Transaction, run: RunFinish): void {
  const ended = hasEnded(run.status);
  if (!isOwner(tx, run.id, run.workerId)) {
    // The call was made before and its answer was lost.
    if (tx.get(endOf, { id: run.id, status: run.status, endedAt: run.endedAt }) !== undefined) return;
    throw takenOver(tx, run.id);
  }
  tx.run(updateRun, { id: run.id, status: run.status, endedAt: ended ? run.endedAt : null, ...errorColumns(run.error) });
  if (run.spec !== undefined) tx.run(setSpec, { id: run.id, spec: writeSnapshot(tx, 'spec', run.spec) });
  mergeWarnings(tx, run.id, run.warnings);
  if (!ended) return;
  endSession(tx, run.id, run.endedAt);
  requireOutcomeOfRun(tx, run.id, run.outcome);
  // Of a run that ended well all have; of others one may be left whose own end the store did not take.
  if (run.outcome.status === 'failed' || run.outcome.status === 'killed') endAttempts(tx, run.id, run.endedAt, run.outcome);
  if (run.claim !== undefined) claimAtEnd(tx, run.id, run.claim);
}

export function addWarnings(store: StoreDb, runId: string, warnings: readonly string[]): Promise<void> {
  return store.connection.write((tx) => mergeWarnings(tx, runId, warnings));
}

export function putMetadata(store: StoreDb, runId: string, values: Record<string, MetadataValue>): Promise<void> {
  return store.connection.write((tx) => writeMetadata(tx, store, 'run', runId, values));
}

function mergeWarnings(tx: Transaction, id: string, more: readonly string[]): void {
  if (more.length === 0) return;
  const known = JSON.parse(tx.get(readWarnings, { id })?.warnings ?? '[]') as string[];
  tx.run(setWarnings, { id, warnings: JSON.stringify([...new Set([...known, ...more])]) });
}

export function errorColumns(error: RunError | undefined): {
  errorName: string | null;
  errorMessage: string | null;
  errorStack: string | null;
} {
  return { errorName: error?.name ?? null, errorMessage: error?.message ?? null, errorStack: error?.stack ?? null };
}

export function errorOf(row: { error_name: string | null; error_message: string | null; error_stack: string | null }): {
  error?: RunError;
} {
  if (row.error_name === null) return {};
  return { error: { name: row.error_name, message: row.error_message ?? '', ...(row.error_stack !== null && { stack: row.error_stack }) } };
}
