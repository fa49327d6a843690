import type { JsonObject } from '../json.ts';
import type { Alert } from '../stack/alerter.ts';

/** What a hook says; core adds the run. */
export interface HookAlert extends Pick<Alert, 'title' | 'text' | 'url'> {
  /** Default: `error` when it failed, `warning` when it was killed, else `info`. */
  severity?: Alert['severity'];
}

export interface AlertOptions {
  /** Name of one of the stack's alerters. Default: all of them. */
  alerter?: string;
}

/** What every hook can do. */
export interface HookCalls {
  /**
   * Tells people through the stack's alerters. Resolves when each of them has sent it or failed to, and never rejects: what went wrong is a warning of the run.
   * What a hook does not wait for is waited for after it, as long as hooks are.
   */
  alert(this: void, alert: HookAlert, options?: AlertOptions): Promise<void>;
}

/** What a hook of a step is told. */
export interface StepHookEvent extends HookCalls {
  pipeline: string;
  runId: string;
  runName: string;
  /** `train`, or `each[2]` for an item. */
  step: string;
  /** `running` for `onStart`. */
  status: 'running' | 'completed' | 'failed' | 'killed';
  /** What the step failed with, as it was thrown. */
  error?: unknown;
  /** From the start of its first attempt to the end of its last, ms; 0 for `onStart`. */
  durationMs: number;
}

/** What a hook of a pipeline is told. */
export interface PipelineHookEvent extends HookCalls {
  pipeline: string;
  runId: string;
  runName: string;
  params: JsonObject;
  /** `running` for `onStart`. */
  status: 'running' | 'completed' | 'failed' | 'killed';
  error?: unknown;
  durationMs: number;
}

/**
 * Functions that are called, and waited for, beside what runs. What they throw is recorded as a warning of the run and changes nothing else;
 * one that takes longer than 30 s is not waited for any more.
 */
export interface Hooks<Event> {
  /** Of a step: before its first attempt. Not called for a cached or a skipped one, and neither are the others. */
  readonly onStart?: (event: Event) => unknown;
  /** After it completed, and that is recorded. */
  readonly onSuccess?: (event: Event) => unknown;
  /** After it failed, with no retry left. */
  readonly onFailure?: (event: Event) => unknown;
  /** After it ended, however that was; after the two above. */
  readonly onEnd?: (event: Event) => unknown;
}

export type StepHooks = Hooks<StepHookEvent>;
export type PipelineHooks = Hooks<PipelineHookEvent>;

/** An event as it is told, before it can do anything. */
export type Told<Event> = Omit<Event, keyof HookCalls>;

/** Names of the options that are hooks. */
export const HOOKS = ['onStart', 'onSuccess', 'onFailure', 'onEnd'] as const satisfies (keyof Hooks<unknown>)[];

/** Where a function that makes hooks, and is none itself, has its name. */
export const HOOK_MAKER: unique symbol = Symbol.for('mortise.hook-maker.v1');

/** The hooks among options, if there are any. */
export function hooksOf<Event>(options: Hooks<Event>): Hooks<Event> | undefined {
  const given = HOOKS.filter((name) => options[name] !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given.map((name) => [name, options[name]]));
}
