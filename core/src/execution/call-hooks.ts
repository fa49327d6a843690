import type { HookCalls, Hooks, Told } from '../pipeline/hooks.ts';
import { withinTime } from '../tracking/within-time.ts';
import { HookAlerts, type AlertSource } from './hook-alerts.ts';
import { MaskedOutput } from './masked-output.ts';
import { reasonOf } from './outcome.ts';
import { untilAborted } from './until-stopped.ts';
import { callUserCode } from './user-code.ts';

/** How long a hook is waited for, ms; once its run is killed, only so much longer. */
const PATIENCE_MS = 30_000;
const GRACE_MS = 2_000;

/** Whose hooks they are (`step "train"`, `pipeline "wine"`), where it is said what went wrong in one, and what they can alert through. */
export interface HookOwner extends AlertSource {
  name: string;
  /** Of the run. */
  hurry: AbortSignal;
}

interface HookEvent extends HookCalls {
  status: string;
}

/** Before something runs. Never rejects. */
export async function callStartHook<Event extends HookEvent>(
  owner: HookOwner,
  hooks: Hooks<Event> | undefined,
  event: Told<Event>,
): Promise<void> {
  if (hooks?.onStart !== undefined) await call(owner, 'onStart', hooks.onStart, event);
}

/** After it ended: `onSuccess` or `onFailure`, then `onEnd`. Never rejects. */
export async function callEndHooks<Event extends HookEvent>(
  owner: HookOwner,
  hooks: Hooks<Event> | undefined,
  event: Told<Event>,
): Promise<void> {
  if (hooks === undefined) return;
  const { status } = event as unknown as Event;
  if (status === 'completed' && hooks.onSuccess !== undefined) await call(owner, 'onSuccess', hooks.onSuccess, event);
  if (status === 'failed' && hooks.onFailure !== undefined) await call(owner, 'onFailure', hooks.onFailure, event);
  if (hooks.onEnd !== undefined) await call(owner, 'onEnd', hooks.onEnd, event);
}

async function call<Event extends HookEvent>(
  owner: HookOwner,
  hook: string,
  fn: (event: Event) => unknown,
  told: Told<Event>,
): Promise<void> {
  const { name, warn, hurry } = owner;
  const failed = (error: unknown): void => warn(`hook ${hook} of ${name} failed: ${reasonOf(error)}`);
  const alerts = new HookAlerts(owner, (told as unknown as Event).status);
  const event = { ...told, alert: (...alert) => alerts.send(...alert) } as Told<Event> & HookCalls as Event;
  let ended = false;
  const printed = new MaskedOutput();
  const work = callUserCode({ stray: failed, output: (...chunk) => printed.output(...chunk) }, async () => fn(event))
    .catch(failed)
    .then(() => {
      ended = true;
      return alerts.settled();
    });
  const patience = hurry.aborted ? GRACE_MS : PATIENCE_MS;
  await withinTime(hurry.aborted ? work : untilAborted(work, hurry).catch(() => withinTime(work, GRACE_MS)), patience);
  // A hook that waits for an alert is not to blame.
  if (alerts.giveUp() === 0 && !ended) warn(`hook ${hook} of ${name} did not end in time: the run went on without it`);
  printed.end();
}
