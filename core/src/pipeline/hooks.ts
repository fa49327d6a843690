import type { JsonObject } from '../json.ts';

/** What a hook of a step is told. */
export interface StepHookEvent {
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
export interface PipelineHookEvent {
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

/** Names of the options that are hooks. */
export const HOOKS = ['onStart', 'onSuccess', 'onFailure', 'onEnd'] as const satisfies (keyof Hooks<unknown>)[];

/** The hooks among options, if there are any. */
export function hooksOf<Event>(options: Hooks<Event>): Hooks<Event> | undefined {
  const given = HOOKS.filter((name) => options[name] !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given.map((name) => [name, options[name]]));
}
