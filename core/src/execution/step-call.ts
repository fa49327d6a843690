import { fromTagged } from '../artifacts/tagged-json.ts';
import type { Json } from '../json.ts';
import type { StepHooks } from '../pipeline/hooks.ts';
import type { StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { InputRecord, StepIdentity } from '../store/step-data.ts';
import type { VersionRecord } from '../store/version-data.ts';
import type { AttemptTracking } from '../tracking/run-tracking.ts';
import type { CodeOrigin } from './child/code-origin.ts';
import type { OpenRun } from './open-run.ts';
import { reasonOf } from './outcome.ts';
import type { StepEvent } from './run-options.ts';

/** The code of a step, as it was found in this process. */
export interface StepCode {
  /** Takes the object of inputs. */
  fn: (inputs: never) => unknown;
  /** The function as the user wrote it, where `fn` calls it in some way. */
  written?: (inputs: never) => unknown;
  /** `file:` URL of the module that defines it. */
  module: string;
  /** Modules on the stack of its definition. */
  frames: readonly string[];
  /** Set when it was made inside a function, so that its source does not tell it apart. */
  insideFunction: string | undefined;
  /** Mortise itself is bundled into the files of the program. */
  bundled?: true;
  /** How many steps of this name its module had defined before it; of one made in a body, how many for the same plan. */
  ordinal: number;
  hooks?: StepHooks | undefined;
  /** It was made in the body of a pipeline, anew for each plan. */
  inBody?: true;
  /** In class style the class that it runs on: what its methods make use of may be written there. `module` is undefined when that is not known. */
  on?: { id: string; module: string | undefined };
}

/** A value as it is kept: all that another process needs to load it. */
export type StoredInput = { value: Json } | { version: VersionRecord; item?: number } | { list: StoredInput[] };

/** An input of one step run: where it comes from, what it is, and how to get it. */
export interface StepInput {
  record: InputRecord;
  /** Identity of its content: a hash, or the plain value itself. */
  content: Json;
  stored: StoredInput;
  load(signal?: AbortSignal): Promise<unknown>;
}

export interface StepCall {
  step: StepSpec;
  /** Where another process finds `code` again. */
  origin: CodeOrigin;
  mapIndex: number | undefined;
  code: StepCode;
  /** False when the function takes nothing. */
  inputs: Record<string, StepInput>;
  /** Told of each attempt as it begins. */
  onAttempt?: (tracking: AttemptTracking) => void;
}

export interface StepEnd {
  status: Exclude<StepStatus, 'queued' | 'running'>;
  outputs: Map<string, VersionRecord>;
  /** The error a failed step ended with, as it was thrown. */
  error?: unknown;
  /** What the function returned; absent after a cache hit. */
  returned?: { value: unknown } | undefined;
  /** Id of the step run. */
  id: string;
}

export function identityOf(run: OpenRun, call: { step: StepSpec; mapIndex: number | undefined }): StepIdentity {
  return { runId: run.id, stepId: call.step.id, ...(call.mapIndex !== undefined && { mapIndex: call.mapIndex }) };
}

/** What its inputs were, as it is recorded. */
export function recordsOf(call: Pick<StepCall, 'inputs'>): Record<string, InputRecord> {
  return Object.fromEntries(Object.entries(call.inputs).map(([name, input]) => [name, input.record]));
}

/** What its inputs contain, for the cache key. */
export function contentsOf(call: StepCall): Record<string, Json> {
  const names = Object.keys(call.inputs).sort();
  return Object.fromEntries(names.map((name) => [name, call.inputs[name]!.content]));
}

/** Its inputs that are plain values. */
export function paramsOf(call: StepCall): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(call.inputs)) if ('value' in input.record) params[name] = fromTagged(input.record.value);
  return params;
}

/** A step that an earlier session of the run completed, and that is not run again. */
export async function keepStep(run: OpenRun, call: StepCall, end: StepEnd): Promise<StepEnd> {
  emit(run, call, { status: end.status, attempt: 0, durationMs: 0, message: 'kept from an earlier session' });
  return end;
}

/** Tells whoever listens to the run, whose own errors are warnings of it. */
export function emit(
  run: OpenRun,
  call: { step: StepSpec; mapIndex: number | undefined },
  event: Omit<StepEvent, 'runName' | 'step'>,
): void {
  try {
    run.options.onStep?.({ runName: run.name, step: nameOf(call), ...event });
  } catch (error) {
    const warning = `onStep failed: ${reasonOf(error)}`;
    if (!run.warnings.includes(warning)) run.warnings.push(warning);
  }
}

/** `train`, or `each[2]` for an item. */
export function nameOf({ step, mapIndex }: { step: StepSpec; mapIndex: number | undefined }): string {
  return mapIndex === undefined ? step.id : `${step.id}[${mapIndex}]`;
}
