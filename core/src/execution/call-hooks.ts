import type { Hooks } from '../pipeline/hooks.ts';
import { withinTime } from '../tracking/within-time.ts';
import { reasonOf } from './outcome.ts';
import { untilAborted } from './until-stopped.ts';
import { callUserCode } from './user-code.ts';

/** How long a hook is waited for, ms; once its run is stopped, only so much longer. */
const PATIENCE_MS = 30_000;
const GRACE_MS = 2_000;

/** Whose hooks they are (`step "train"`, `pipeline "wine"`), and where it is said what went wrong in one. */
export interface HookOwner {
  name: string;
  warn(what: string): void;
  /** Of the run. */
  signal: AbortSignal;
}

/** Before something runs. Never rejects. */
export async function callStartHook<Event>(owner: HookOwner, hooks: Hooks<Event> | undefined, event: Event): Promise<void> {
  if (hooks?.onStart !== undefined) await call(owner, 'onStart', hooks.onStart, event);
}

/** After it ended: `onSuccess` or `onFailure`, then `onEnd`. Never rejects. */
export async function callEndHooks<Event extends { status: string }>(
  owner: HookOwner,
  hooks: Hooks<Event> | undefined,
  event: Event,
): Promise<void> {
  if (hooks === undefined) return;
  if (event.status === 'completed' && hooks.onSuccess !== undefined) await call(owner, 'onSuccess', hooks.onSuccess, event);
  if (event.status === 'failed' && hooks.onFailure !== undefined) await call(owner, 'onFailure', hooks.onFailure, event);
  if (hooks.onEnd !== undefined) await call(owner, 'onEnd', hooks.onEnd, event);
}

async function call<Event>({ name, warn, signal }: HookOwner, hook: string, fn: (event: Event) => unknown, event: Event): Promise<void> {
  const failed = (error: unknown): void => warn(`hook ${hook} of ${name} failed: ${reasonOf(error)}`);
  let ended = false;
  const work = callUserCode({ stray: failed }, async () => fn(event))
    .catch(failed)
    .finally(() => (ended = true));
  const patience = signal.aborted ? GRACE_MS : PATIENCE_MS;
  await withinTime(signal.aborted ? work : untilAborted(work, signal).catch(() => withinTime(work, GRACE_MS)), patience);
  if (!ended) warn(`hook ${hook} of ${name} did not end in time: the run went on without it`);
}
