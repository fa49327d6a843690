import { fromTagged } from '../artifacts/tagged-json.ts';
import type { Json } from '../json.ts';
import type { StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { InputRecord, StepIdentity, VersionRecord } from '../store/metadata-store.ts';
import type { OpenRun } from './open-run.ts';
import type { StepEvent } from './run-options.ts';

/** The code of a step, as it was found in this process. */
export interface StepCode {
  /** Takes the object of inputs. */
  fn: (inputs: never) => unknown;
  /** `file:` URL of the module that defines it. */
  module: string;
  /** Modules on the stack of its definition. */
  frames: readonly string[];
  /** Set when it was made inside a function, so that its source does not tell it apart. */
  insideFunction: string | undefined;
  /** How many steps of this name its module had defined before it. */
  ordinal: number;
  /** In class style the class that it runs on: what its methods make use of may be written there. `module` is undefined when that is not known. */
  on?: { id: string; module: string | undefined };
}

/** An input of one step run: where it comes from, what it is, and how to get it. */
export interface StepInput {
  record: InputRecord;
  /** Identity of its content: a hash, or the plain value itself. */
  content: Json;
  load(): Promise<unknown>;
}

export interface StepCall {
  step: StepSpec;
  mapIndex: number | undefined;
  code: StepCode;
  /** False when the function takes nothing. */
  inputs: Record<string, StepInput>;
}

export interface StepEnd {
  status: Exclude<StepStatus, 'queued' | 'running'>;
  outputs: Map<string, VersionRecord>;
  /** The error a failed step ended with, as it was thrown. */
  error?: unknown;
  /** What the function returned; absent after a cache hit. */
  returned?: { value: unknown };
  /** Id of the step run. */
  id: string;
}

export function identityOf(run: OpenRun, call: { step: StepSpec; mapIndex: number | undefined }): StepIdentity {
  return { runId: run.id, stepId: call.step.id, ...(call.mapIndex !== undefined && { mapIndex: call.mapIndex }) };
}

/** What its inputs were, as it is recorded. */
export function recordsOf(call: StepCall): Record<string, InputRecord> {
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

/** Tells whoever listens to the run. */
export function emit(
  run: OpenRun,
  call: { step: StepSpec; mapIndex: number | undefined },
  event: Omit<StepEvent, 'runName' | 'step'>,
): void {
  const step = call.mapIndex === undefined ? call.step.id : `${call.step.id}[${call.mapIndex}]`;
  run.options.onStep?.({ runName: run.name, step, ...event });
}
