import type { Json, JsonObject } from '../json.ts';

/**
 * One run's bound plan: plain JSON, a directed acyclic graph of steps in the order in which they were written (a topological order).
 * In class style the plan grows while the run goes; in function style it is complete before the run starts.
 */
export interface PipelineSpec {
  specVersion: 1;
  /** The pipeline's name. */
  pipeline: string;
  style: 'function' | 'class';
  /** Where the pipeline was defined: a path relative to the project root with `/`, or a `file:` URL outside of it. */
  module: string;
  params: JsonObject;
  steps: StepSpec[];
  /** Default `warn`. */
  onTrackerError?: TrackerErrorPolicy;
  /** What the pipeline itself sets for components of the stack; its steps have it among their own options too. */
  settings?: SettingsLayer;
  /** What the body returned: one wire, or an object of wires by name. */
  result?: { wire: InputSpec } | { wires: { [name: string]: InputSpec } };
}

/** What a step does whose experiment tracker cannot be opened: it goes on, and what it logs is delivered later, or it fails. */
export type TrackerErrorPolicy = 'warn' | 'fail';
export const TRACKER_ERROR_POLICIES: readonly TrackerErrorPolicy[] = ['warn', 'fail'];

export interface StepSpec {
  /** Unique in the plan; steps of a nested pipeline are `inner.train`. */
  id: string;
  /** The step's own name. */
  name: string;
  /** Where the step was defined, as in `PipelineSpec.module`. */
  module: string;
  inputs: { [name: string]: InputSpec };
  /** Names of the inputs whose items are mapped (zipped): the step runs once per item. */
  map?: string[];
  outputs: OutputSpec[];
  /** True when outputs were declared: the returned object holds one value per output. Else the one output is what was returned, whatever its shape. */
  splitOutputs: boolean;
  /** Ids of steps that must have ended well (or been skipped) before this one starts. */
  after: string[];
  /** All must hold, else the step is skipped. */
  when: ConditionSpec[];
  options: StepSettings;
}

/** Where an input's value comes from. `value` holds the tagged JSON form of the JSON materializer. */
export type InputSpec =
  { from: string; output: string } | { value: Json } | { list: InputSpec[] } | { when: WireSpec; then: InputSpec; else?: InputSpec };

export interface WireSpec {
  from: string;
  output: string;
}

export interface ConditionSpec extends WireSpec {
  is: boolean;
}

export interface OutputSpec {
  name: string;
  /** Name of the artifact whose versions this output makes. Default `<pipeline>/<step id>/<output>`. */
  artifact: string;
  /** The returned value is logged to the tracker too. */
  tracked?: 'metrics' | 'json' | 'figure';
}

/** The options of a step that matter when it runs, as plain JSON. */
export interface StepSettings {
  /** `true`: the stack's first tracker; names: those components; absent: no tracker run. */
  experimentTracker?: true | string[];
  cache?: boolean;
  /** Declared identity of a step whose source cannot tell it apart. */
  cacheKey?: Json;
  /** Extra files (relative to the project root) and environment variables whose contents are part of the cache key. */
  cacheFiles?: string[];
  cacheEnv?: string[];
  retry?: RetrySpec;
  timeoutMs?: number;
  isolation?: Isolation;
  /** What the machine does is logged while an attempt runs. `false` overrides what a pipeline says; a plan has it only where it is on. */
  systemMetrics?: SystemMetricsSpec | false;
  /** What is set for components of the stack: by the outermost pipeline first, by the step itself last, which wins. */
  settings?: SettingsLayer[];
}

/** Settings by `<component type>`, `<component type>.<flavor>` and `<component type>:<component name>`. */
export interface SettingsLayer {
  [key: string]: JsonObject;
}

/** Where the code of a step runs: in the process of the run, or in a child process of its own. */
export type Isolation = (typeof ISOLATIONS)[number];
export const ISOLATIONS = ['inline', 'process'] as const;

/** How often the machine is looked at, ms. */
export interface SystemMetricsSpec {
  intervalMs: number;
}

export interface RetrySpec {
  /** Attempts after the first. */
  retries: number;
  /** Pause before the first retry, ms. Default 0. */
  delayMs: number;
  /** Factor by which the pause grows each time. Default 1. */
  backoff: number;
}

/** `queued` before it starts; the rest are where a run or a step can stand. */
export type RunStatus = 'queued' | 'running' | 'completed' | 'failed' | 'killed';
export type StepStatus = RunStatus | 'cached' | 'skipped';

/** True once nothing more will happen. */
export function hasEnded(status: StepStatus): boolean {
  return status !== 'queued' && status !== 'running';
}
