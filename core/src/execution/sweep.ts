import { isMortiseError, OwnerDied } from '../errors.ts';
import type { Project } from '../project/project.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import type { RunSweep, RunUnderWay, WorkerRecord } from '../store/run-data.ts';
import { isSilent, ownerState, silenceOf } from './owner-state.ts';
import { unendedRuns } from './unended-runs.ts';
import { workerIdentity } from './worker-identity.ts';

/** An owner that cannot be asked is taken for dead when it was silent for this long, ms. Beats come every 2 s, but may come late on a busy machine. */
const HEARTBEAT_LIMIT_MS = 30_000;

export interface SweepPlace {
  store: MetadataStore;
  project: Project;
}

export interface SweepOptions {
  /** Default: this process. */
  here?: WorkerRecord;
  /** Default: `MORTISE_HEARTBEAT_LIMIT_MS`, or 30 s. */
  heartbeatLimitMs?: number;
}

/**
 * Ends the runs whose owner has died. Any number of processes may do so at once: each run is ended by one of them, in one transaction. What cannot be
 * written now, for the store is locked or the disk full, is left to whoever looks next: nobody is kept from reading by it.
 */
export async function sweep({ store, project }: SweepPlace, options: SweepOptions = {}): Promise<void> {
  const runs = await store.runsUnderWay();
  if (runs.length === 0) return;
  const { here = workerIdentity(), heartbeatLimitMs = limitFromEnvironment() } = options;
  for (const seen of runs) {
    const died = await whyDead(seen, here, heartbeatLimitMs);
    if (died === undefined) continue;
    try {
      const { applyLeftLogs, registerLeftLogs } = await import('../tracking/apply-left-logs.ts');
      const logs = { store, logFolder: project.logsFolder, worker: here };
      // Before the run is over: should this process die too, what the dead one logged is still found.
      await registerLeftLogs(logs, seen.id).catch(() => undefined);
      const swept = await store.sweepRun({ seen, outcome: outcomeOf(seen, died) });
      // Where that fails, the next run that starts tries again.
      if (swept) await applyLeftLogs(logs, seen.id).catch(() => undefined);
    } catch (error) {
      if (!isMortiseError(error)) throw error;
    }
  }
}

/** undefined: the owner lives, or may. */
async function whyDead(run: RunUnderWay, here: WorkerRecord, limitMs: number): Promise<InstanceType<typeof OwnerDied> | undefined> {
  const { pid, host } = run.owner;
  if (run.owner.id === here.id && unendedRuns.has(run.id)) return new OwnerDied({ pid, host, unwritten: true });
  const state = await ownerState(run, here);
  if (state === 'dead') return new OwnerDied({ pid, host });
  if (state === 'unknown' && isSilent(run, limitMs)) return new OwnerDied({ pid, host, silentMs: silenceOf(run) });
  return undefined;
}

function outcomeOf({ cancelRequested }: RunUnderWay, { code, message }: InstanceType<typeof OwnerDied>): RunSweep['outcome'] {
  return cancelRequested ? { status: 'killed', reason: `cancelled; ${message}` } : { status: 'failed', error: { name: code, message } };
}

function limitFromEnvironment(): number {
  const given = Number(process.env['MORTISE_HEARTBEAT_LIMIT_MS']);
  return given > 0 ? given : HEARTBEAT_LIMIT_MS;
}
