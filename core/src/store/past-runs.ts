import { RunNameTaken } from '../errors.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import { beginAttempt, finishAttempt } from './attempts.ts';
import { addSegment } from './event-segments.ts';
import type { PastRun, RunError } from './run-data.ts';
import { beginRun, endRun, runOfName } from './runs.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';

const readPipeline = statement((db, p: Param<{ id: string }>) => db.selectFrom('runs').select('pipeline').where('id', '=', p('id')));

export function runPresence(store: StoreDb, id: string): Promise<'there' | 'deleted' | undefined> {
  return store.connection.read((tx) => {
    const row = tx.get(readPipeline, { id });
    return row && (row.pipeline === null ? 'deleted' : 'there');
  });
}

/** The whole of it is there at once, or nothing: its segment waits to be applied, which any process may do. */
export function addPastRun(store: StoreDb, past: PastRun): Promise<boolean> {
  return store.connection.write((tx) => {
    if (tx.get(readPipeline, { id: past.id }) !== undefined) return false;
    const { names, outcome, endedAt, warnings, step, segment, ...run } = past;
    const name = names.find((each) => runOfName(tx, each) === undefined);
    if (name === undefined) throw new RunNameTaken({ name: names.at(-1) ?? '' });
    const workerId = run.worker.id;
    const end = { status: outcome.status, endedAt, outcome, ...errorOf(outcome) };
    beginRun(tx, store, { ...run, name });
    const attempt = {
      ...step,
      runId: run.id,
      stepName: step.stepId,
      startedAt: run.startedAt,
      workerId,
      inputs: {},
      trackers: [],
      intents: [],
    };
    const { fence } = beginAttempt(tx, attempt);
    finishAttempt(tx, store, { ...end, id: step.id, runId: run.id, fence, versions: [], metadata: {}, cache: false, willRetry: false });
    addSegment(tx, { ...segment, runId: run.id, workerId, openedAt: run.startedAt });
    endRun(tx, { ...end, id: run.id, workerId, warnings });
    return true;
  });
}

/** As a run that fails, or is killed, is recorded. */
function errorOf(outcome: Outcome): { error?: RunError } {
  if (outcome.status === 'failed') return { error: outcome.error };
  return outcome.status === 'killed' ? { error: { name: 'Killed', message: outcome.reason } } : {};
}
