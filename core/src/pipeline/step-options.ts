import { checkKnown } from '../check-known.ts';
import { BadOption } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { HOOK_MAKER, HOOKS, type PipelineHooks, type StepHooks } from './hooks.ts';
import { cloneJson, whyNotJson } from './json-value.ts';
import {
  ISOLATIONS,
  TRACKER_ERROR_POLICIES,
  type Isolation,
  type OutputSpec,
  type RetrySpec,
  type SettingsLayer,
  type StepSettings,
  type SystemMetricsSpec,
  type TrackerErrorPolicy,
} from './pipeline-spec.ts';
import { parseSettingsKey, type SettingsKey } from './settings-key.ts';

export type ReadonlyJson = null | boolean | number | string | readonly ReadonlyJson[] | { readonly [key: string]: ReadonlyJson };

/** What may be said of a declared output: `{}`, `{ artifact }` or `tracked.metrics()`, `tracked.json()`, `tracked.figure()`. */
export interface OutputDeclaration {
  readonly tracked?: 'metrics' | 'json' | 'figure';
  /** Name of its artifact. Default `<pipeline>/<step id>/<output>`. */
  readonly artifact?: string;
}

/** Attempts after the first one. */
export interface RetryOptions {
  readonly retries: number;
  /** Pause before the first retry, ms. Default 0. */
  readonly delayMs?: number;
  /** Factor by which the pause grows each time. Default 1. */
  readonly backoff?: number;
}

/** How often the machine is looked at. */
export interface SystemMetricsOptions {
  /** ms, from 500 to 86,400,000 (a day). */
  readonly intervalMs: number;
}

/** Options that a step has and a pipeline can give to all of its steps. */
export interface StepDefaults {
  /** `true`: the stack's first experiment tracker; names: those components of the stack; `false`: none, whatever the pipeline says. Default: no tracker run. */
  readonly experimentTracker?: boolean | string | readonly string[];
  /** `false`: the step always runs. Default true. */
  readonly cache?: boolean;
  /** Files (relative to the project root) whose contents are part of the cache key. */
  readonly cacheFiles?: readonly string[];
  /** Environment variables whose values are part of the cache key. */
  readonly cacheEnv?: readonly string[];
  readonly retry?: RetryOptions;
  /** An attempt fails when it takes longer, ms. Default: no limit. */
  readonly timeoutMs?: number;
  /** `process`: the step runs in a child process, which a timeout ends and other steps do not share. Default: what the run or the orchestrator says, else `inline`. */
  readonly isolation?: Isolation;
  /**
   * Logs what the machine does while an attempt runs (CPU, memory, disk, network, NVIDIA GPUs), as metrics under MLflow's names: `system/...`.
   * `true`: every 10,000 ms. Default false. No part of the cache key.
   */
  readonly systemMetrics?: boolean | SystemMetricsOptions;
  /**
   * Settings of components of the stack: by `<component type>`, by `<component type>.<flavor>` (ignored by stacks without that flavor), and by
   * `<component type>:<name>`. What comes later in this order wins, key by key, and what a step sets wins over what its pipeline sets.
   */
  readonly settings?: SettingsOption;
}

/** Settings as they are written. Every experiment tracker takes `experiment`, `runName`, `group` and `tags`. */
export type SettingsOption = { readonly [key in SettingsKey]?: SettingsValues };
export interface SettingsValues {
  readonly [key: string]: ReadonlyJson;
}

/** Options of a step. */
export interface StepOptions extends StepDefaults, StepHooks {
  /** Splits what the function returns: the returned object holds one value per name. Default: one output called `output`. */
  readonly outputs?: readonly string[] | { readonly [name: string]: OutputDeclaration };
  /** Tells steps apart that a function made, whose source is the same. Any JSON. */
  readonly cacheKey?: ReadonlyJson;
}

/** A declared output, checked. */
export type DeclaredOutput = Omit<OutputSpec, 'artifact'> & { artifact?: string };

const SYSTEM_METRICS: SystemMetricsSpec = { intervalMs: 10_000 };
const SHORTEST_INTERVAL_MS = 500;
const LONGEST_INTERVAL_MS = 86_400_000;

const OUTPUT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const TRACKED = ['metrics', 'json', 'figure'];

type Check = (value: unknown) => string | undefined;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const texts: Check = (value) => (Array.isArray(value) && value.every(isText) ? undefined : 'must be an array of names');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const hook: Check = (value) => {
  if (typeof value !== 'function') return 'must be a function';
  const maker = (value as { [HOOK_MAKER]?: string })[HOOK_MAKER];
  return maker === undefined ? undefined : `must be ${maker}(), with its parentheses`;
};
const json: Check = (value) => {
  const reason = whyNotJson(value);
  return reason && `must be JSON: ${reason}`;
};

/** One row per option: what is wrong with a value, or undefined. */
const DEFAULTS: Record<keyof StepDefaults, Check> = {
  experimentTracker: wrongTrackers,
  cache: flag,
  cacheFiles: texts,
  cacheEnv: texts,
  retry: wrongRetry,
  timeoutMs: (value) => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? undefined : 'must be a number of ms above 0'),
  isolation: (value) => (ISOLATIONS.includes(value as Isolation) ? undefined : 'must be "inline" or "process"'),
  systemMetrics: wrongSystemMetrics,
  settings: wrongSettings,
};
const HOOK_OPTIONS = Object.fromEntries(HOOKS.map((name) => [name, hook])) as Record<keyof StepHooks, Check>;
const OPTIONS: Record<keyof StepOptions, Check> = { ...DEFAULTS, ...HOOK_OPTIONS, outputs: wrongOutputs, cacheKey: json };

const PIPELINE: Record<keyof (StepDefaults & PipelineHooks), Check> = { ...DEFAULTS, ...HOOK_OPTIONS };

/** The names that a pipeline's options may have, beside its params. */
export const PIPELINE_OPTIONS = Object.keys(PIPELINE);

/**
 * Checks the options of a step and gives those that matter when it runs, as JSON.
 * @throws UnknownOption, BadOption
 */
export function stepSettings(of: string, options: StepOptions): StepSettings {
  checkOptions(of, options, OPTIONS);
  return settingsOf(options);
}

/** The same for the options of a pipeline, which holds for all of its steps. */
export function pipelineDefaults(of: string, options: StepDefaults & PipelineHooks): StepSettings {
  checkOptions(of, options, PIPELINE);
  return settingsOf(options);
}

/** The declared outputs, or undefined if none were. The options have been checked. */
export function declaredOutputs({ outputs }: StepOptions): DeclaredOutput[] | undefined {
  if (outputs === undefined) return undefined;
  if (Array.isArray(outputs)) return outputs.map((name: string) => ({ name }));
  return Object.entries(outputs as Record<string, OutputDeclaration>).map(([name, { tracked, artifact }]) => ({
    name,
    ...(tracked !== undefined && { tracked }),
    ...(artifact !== undefined && { artifact }),
  }));
}

/**
 * Settings of a step (or of a nested pipeline) on top of those of the pipeline around it. Which settings of components win is decided when the stack is known.
 * The `runName` that a pipeline sets is for its own tracker run alone.
 */
export function mergeSettings({ settings: outer, ...defaults }: StepSettings, own: StepSettings): StepSettings {
  const settings = [...(outer ?? []).flatMap(withoutRunName), ...(own.settings ?? [])];
  return { ...defaults, ...own, ...(settings.length > 0 && { settings }) };
}

/** The same layer when it sets none, no layer when it sets nothing else. */
function withoutRunName(layer: SettingsLayer): SettingsLayer[] {
  const names = (key: string, values: JsonObject): boolean => key.startsWith('experiment-tracker') && 'runName' in values;
  const groups = Object.entries(layer);
  if (!groups.some(([key, values]) => names(key, values))) return [layer];
  const left = groups.flatMap(([key, values]): [string, JsonObject][] => {
    if (!names(key, values)) return [[key, values]];
    const { runName: _, ...others } = values;
    return Object.keys(others).length === 0 ? [] : [[key, others]];
  });
  return left.length === 0 ? [] : [Object.fromEntries<JsonObject>(left)];
}

/** The settings as the plan holds them: without trackers there is no `experimentTracker`, and no `systemMetrics` where they are off. */
export function plannedSettings(settings: StepSettings): StepSettings {
  const planned = { ...settings };
  if (Array.isArray(planned.experimentTracker) && planned.experimentTracker.length === 0) delete planned.experimentTracker;
  if (planned.systemMetrics === false) delete planned.systemMetrics;
  return planned;
}

/**
 * What a class-style pipeline sets for components of the stack.
 * @throws BadOption
 */
export function pipelineSettings(of: string, settings: SettingsOption | undefined): SettingsLayer | undefined {
  if (settings === undefined) return undefined;
  checkOptions(of, { settings }, { settings: wrongSettings });
  return cloneJson(settings as JsonObject) as SettingsLayer;
}

/** @throws BadOption */
export function trackerErrorPolicy(of: string, given: unknown): TrackerErrorPolicy | undefined {
  if (given === undefined || TRACKER_ERROR_POLICIES.includes(given as TrackerErrorPolicy)) return given as TrackerErrorPolicy | undefined;
  throw new BadOption({ of, option: 'onTrackerError', reason: 'must be "warn" or "fail"' });
}

function checkOptions(of: string, options: object, checks: Record<string, Check>): void {
  checkKnown(of, options, Object.keys(checks));
  for (const [option, value] of Object.entries(options)) {
    const reason = value === undefined ? undefined : checks[option]!(value);
    if (reason !== undefined) throw new BadOption({ of, option, reason });
  }
}

function settingsOf(options: Omit<StepOptions, keyof StepHooks>): StepSettings {
  const { experimentTracker, cache, cacheKey, cacheFiles, cacheEnv, retry, timeoutMs, isolation, systemMetrics, settings } = options;
  return {
    ...(experimentTracker !== undefined && trackers(experimentTracker)),
    ...(cache !== undefined && { cache }),
    ...(cacheKey !== undefined && { cacheKey: cloneJson(cacheKey as Json) }),
    ...(cacheFiles !== undefined && { cacheFiles: [...cacheFiles] }),
    ...(cacheEnv !== undefined && { cacheEnv: [...cacheEnv] }),
    ...(retry !== undefined && { retry: retrySpec(retry) }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(isolation !== undefined && { isolation }),
    ...(systemMetrics !== undefined && { systemMetrics: systemMetricsSpec(systemMetrics) }),
    ...(settings !== undefined && { settings: [cloneJson(settings as JsonObject) as SettingsLayer] }),
  };
}

/** `false` is said with an empty list here: it overrides what the pipeline says. */
function trackers(given: boolean | string | readonly string[]): { experimentTracker: true | string[] } {
  if (given === true) return { experimentTracker: true };
  return { experimentTracker: given === false ? [] : typeof given === 'string' ? [given] : [...new Set(given)] };
}

function retrySpec({ retries, delayMs = 0, backoff = 1 }: RetryOptions): RetrySpec {
  return { retries, delayMs, backoff };
}

function systemMetricsSpec(given: boolean | SystemMetricsOptions): SystemMetricsSpec | false {
  if (typeof given !== 'boolean') return { intervalMs: given.intervalMs };
  return given && SYSTEM_METRICS;
}

function wrongTrackers(value: unknown): string | undefined {
  if (typeof value === 'boolean' || isText(value)) return undefined;
  if (texts(value) !== undefined) return 'must be true, false, or the names of experiment trackers of the stack';
  // A list that somebody's code left empty must not lose what a step logs without a word.
  return (value as unknown[]).length === 0 ? 'names no experiment tracker: say false for none' : undefined;
}

function wrongSettings(value: unknown): string | undefined {
  if (!isRecord(value)) return 'must hold an object of settings per component type, flavor or component';
  for (const [key, settings] of Object.entries(value)) {
    const parsed = parseSettingsKey(key);
    if ('wrong' in parsed) return parsed.wrong;
    if (!isRecord(settings)) return `must hold an object under "${key}"`;
  }
  return json(value);
}

function wrongRetry(value: unknown): string | undefined {
  if (!isRecord(value)) return 'must be { retries, delayMs, backoff }';
  checkKnown('the option "retry"', value, ['retries', 'delayMs', 'backoff']);
  const { retries, delayMs = 0, backoff = 1 } = value;
  if (!Number.isInteger(retries) || (retries as number) < 0) return 'needs { retries }, a whole number from 0';
  if (typeof delayMs !== 'number' || !Number.isFinite(delayMs) || delayMs < 0) return 'must have a delayMs from 0';
  return typeof backoff === 'number' && Number.isFinite(backoff) && backoff > 0 ? undefined : 'must have a backoff above 0';
}

function wrongSystemMetrics(value: unknown): string | undefined {
  if (typeof value === 'boolean') return undefined;
  if (!isRecord(value)) return 'must be true, false or { intervalMs }';
  checkKnown('the option "systemMetrics"', value, ['intervalMs']);
  const { intervalMs } = value;
  return typeof intervalMs === 'number' && intervalMs >= SHORTEST_INTERVAL_MS && intervalMs <= LONGEST_INTERVAL_MS
    ? undefined
    : `needs { intervalMs }, a number of ms from ${SHORTEST_INTERVAL_MS} to ${LONGEST_INTERVAL_MS}`;
}

function wrongOutputs(value: unknown): string | undefined {
  const names = Array.isArray(value) ? value : isRecord(value) ? Object.keys(value) : undefined;
  if (names === undefined) return 'must be an array of names, or an object with one entry per output';
  if (names.length === 0) return 'must name an output; without it a step has one, called "output"';
  const wrong = names.find((name) => !isText(name) || !OUTPUT_NAME.test(name)) as unknown;
  if (wrong !== undefined) return `has ${JSON.stringify(wrong)}, which is no name (letters, digits, ".", "_" and "-")`;
  if (new Set(names).size < names.length) return 'names an output twice';
  return Array.isArray(value) ? undefined : wrongDeclaration(value as Record<string, unknown>);
}

function wrongDeclaration(outputs: Record<string, unknown>): string | undefined {
  for (const [name, declaration] of Object.entries(outputs)) {
    if (!isRecord(declaration)) return `must say {}, { artifact } or tracked.metrics(), .json(), .figure() for "${name}"`;
    checkKnown(`the output "${name}"`, declaration, ['tracked', 'artifact']);
    const { tracked, artifact } = declaration;
    if (tracked !== undefined && !TRACKED.includes(tracked as string))
      return `must say tracked.metrics(), .json() or .figure() for "${name}"`;
    if (artifact !== undefined && !isText(artifact)) return `must give "${name}" an artifact's name`;
  }
  return undefined;
}
