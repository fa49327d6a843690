import type { RunUnderWay, WorkerRecord } from '../store/run-data.ts';
import { processStatus } from './process-status.ts';

/** `unknown`: not of this machine, or not to be seen from here; only its heartbeat tells. */
export type OwnerState = 'alive' | 'dead' | 'unknown';

/** A process that began a session was there before it did, as far as two clocks agree, ms. */
const CLOCK_SLACK_MS = 10_000;
/**
 * How much longer an owner may be silent whose heart has not begun to beat: its main thread may be at work since its first second. To take one that lives
 * for dead costs a run; who knows that it is dead may cancel the run.
 */
const NEVER_BEATEN = 120;

/**
 * Whether the process that owns a run still lives. One that is stopped does. Asked of the system when the owner is of the same host, boot and pid
 * namespace as `here`; a pid is reused, so the process's start time counts too.
 */
export async function ownerState({ owner, since }: Pick<RunUnderWay, 'owner' | 'since'>, here: WorkerRecord): Promise<OwnerState> {
  if (owner.id === here.id) return 'alive';
  if (owner.host !== here.host || owner.bootId !== here.bootId || owner.pidNamespace !== here.pidNamespace) return 'unknown';
  const seen = await processStatus(owner.pid);
  if (seen === 'gone') return 'dead';
  if (seen === 'unknown') return 'unknown';
  if (seen.zombie) return 'dead';
  if (typeof seen.startedAt === 'number') return seen.startedAt > since + CLOCK_SLACK_MS ? 'dead' : 'alive';
  if (owner.processStartedAt === '') return 'unknown';
  return seen.startedAt === owner.processStartedAt ? 'alive' : 'dead';
}

/** How long the owner of a run has not been heard of, on the store's clock, ms. */
export function silenceOf({ beatAt, since, now }: Pick<RunUnderWay, 'beatAt' | 'since' | 'now'>): number {
  return now - Math.max(beatAt ?? 0, since);
}

/** True for an owner that is silent for so long that it is taken for dead, if it cannot be asked. */
export function isSilent(run: Pick<RunUnderWay, 'beatAt' | 'since' | 'now' | 'cancelRequested'>, limitMs: number): boolean {
  const hasBeaten = run.beatAt !== undefined && run.beatAt >= run.since;
  return silenceOf(run) > (hasBeaten || run.cancelRequested ? limitMs : NEVER_BEATEN * limitMs);
}
