import { setTimeout as delay } from 'node:timers/promises';

import { findRun } from '../client/read-pipeline-run.ts';
import { RunIsOver } from '../errors.ts';
import { hasEnded, type RunStatus } from '../pipeline/pipeline-spec.ts';
import { sweep, type SweepOptions, type SweepPlace } from './sweep.ts';

const LOOK_MS = 100;

/** What became of a run that was asked to stop. `running`: its owner has not answered yet. */
export interface CancelledRun {
  name: string;
  status: RunStatus;
  owner: { pid: number; host: string };
}

/**
 * Asks a run to stop, and waits at most `waitMs` for its end. A live owner hears of it with its next step or heartbeat, and ends its steps as a SIGTERM
 * would; the run of a dead one ends at once.
 * @throws UnknownRun, RunIsOver
 */
export async function cancelRun(place: SweepPlace, nameOrId: string, waitMs: number, options: SweepOptions = {}): Promise<CancelledRun> {
  const { store } = place;
  const { id, name } = await findRun(store, nameOrId);
  const owner = (await store.runsUnderWay()).find((run) => run.id === id)?.owner;
  if (owner === undefined || !(await store.requestCancel(id)))
    throw new RunIsOver({ run: name, status: (await store.run(id))!.status, doing: 'cancelled' });
  const deadline = Date.now() + waitMs;
  for (;;) {
    await sweep(place, options);
    const { status } = (await store.run(id))!;
    if (hasEnded(status) || Date.now() >= deadline) return { name, status, owner: { pid: owner.pid, host: owner.host } };
    await delay(LOOK_MS);
  }
}
