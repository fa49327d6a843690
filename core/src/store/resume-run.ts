import { RunIsOver, RunUnderWay, UnknownRun } from '../errors.ts';
import type { PipelineSpec } from '../pipeline/pipeline-spec.ts';
import type { WorkerRecord } from './run-data.ts';
import { openSession, runUnderWay } from './run-sessions.ts';
import { writeSnapshot } from './snapshots.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';

const stateOf = statement((db, p: Param<{ id: string }>) =>
  db.selectFrom('runs').select(['name', 'status', 'ended_at', 'spec_hash']).where('id', '=', p('id')).where('pipeline', 'is not', null),
);
const reopen = statement((db, p: Param<{ id: string; spec: string }>) =>
  db
    .updateTable('runs')
    .set({
      status: 'running',
      ended_at: null,
      error_name: null,
      error_message: null,
      error_stack: null,
      cancel_requested_at: null,
      spec_hash: p('spec'),
    })
    .where('id', '=', p('id')),
);
const reopenParents = statement((db, p: Param<{ id: string }>) =>
  db.updateTable('tracker_runs').set({ desired: null }).where('run_id', '=', p('id')),
);
const skipped = statement((db, p: Param<{ runId: string }>) =>
  db
    .selectFrom('step_runs as s')
    .innerJoin('runs as r', 'r.id', 's.run_id')
    .select('r.id')
    .where('s.pipeline_run_id', '=', p('runId'))
    .where('r.status', '=', 'skipped'),
);
const forgetStepRun = statement((db, p: Param<{ id: string }>) => db.deleteFrom('step_runs').where('run_id', '=', p('id')));
const forgetRun = statement((db, p: Param<{ id: string }>) => db.deleteFrom('runs').where('id', '=', p('id')));

export interface RunResume {
  runId: string;
  worker: WorkerRecord;
  at: number;
  /** When it had ended as the caller read what is left of it, ms. Default: whenever. */
  endedAt?: number;
  spec?: PipelineSpec;
}

/** Several processes may try: the first wins. False, and nothing changes, if another session has ended since it was read. */
export function resumeRun(store: StoreDb, { runId, worker, at, endedAt, spec }: RunResume): Promise<boolean> {
  return store.connection.write((tx) => {
    const run = tx.get(stateOf, { id: runId });
    if (run === undefined) throw new UnknownRun({ run: runId });
    const other = runUnderWay(tx, runId)?.owner;
    if (other !== undefined) throw new RunUnderWay({ run: run.name, pid: other.pid, host: other.host, doing: 'resumed' });
    if (run.status === 'completed') throw new RunIsOver({ run: run.name, status: run.status, doing: 'resumed' });
    if (endedAt !== undefined && run.ended_at !== endedAt) return false;
    for (const { id } of tx.all(skipped, { runId })) {
      tx.run(forgetStepRun, { id });
      tx.run(forgetRun, { id });
    }
    tx.run(reopen, { id: runId, spec: spec === undefined ? run.spec_hash! : writeSnapshot(tx, 'spec', spec) });
    tx.run(reopenParents, { id: runId });
    openSession(tx, runId, worker, at);
    return true;
  });
}
