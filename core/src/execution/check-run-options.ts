import { isSignal } from '../check-texts.ts';
import { BadName, BadOption, BadUsage, UnknownOption } from '../errors.ts';
import { isPlain } from '../pipeline/json-value.ts';
import { ISOLATIONS, TRACKER_ERROR_POLICIES } from '../pipeline/pipeline-spec.ts';
import { isComponentName } from '../stack/component-name.ts';
import type { ExecutionMode } from '../stack/orchestrator.ts';
import { wrongTags } from '../tracking/tracker-settings.ts';
import { RUN_OPTIONS, type RunOptions } from './run-options.ts';

const EXECUTION_MODES: readonly ExecutionMode[] = ['fail-fast', 'stop-on-failure', 'continue-on-failure'];

/** What is wrong with the value of each option, for callers without types. */
const WRONG: { [K in keyof Required<RunOptions>]: (value: unknown) => string | undefined } = {
  stack: text,
  name: text,
  cache: flag,
  concurrency: (value) => (Number.isInteger(value) && (value as number) >= 1 ? undefined : 'must be a whole number from 1'),
  executionMode: oneOf(EXECUTION_MODES),
  isolation: oneOf(ISOLATIONS),
  experiment: title,
  tags: wrongTags,
  onTrackerError: oneOf(TRACKER_ERROR_POLICIES),
  trackerTimeoutMs: (value) => (typeof value === 'number' && value >= 0 && value < 2 ** 31 ? undefined : 'must be a number of ms from 0'),
  signal: (value) => (isSignal(value) ? undefined : 'must be an AbortSignal'),
  throwOnFailure: flag,
  onStep: callback,
  onTrackerWait: callback,
};

/**
 * An option that is `undefined` was not given.
 * @throws BadUsage, UnknownOption, BadOption, BadName
 */
export function checkRunOptions(options: RunOptions): void {
  if (!isObject(options) || !isPlain(options)) throw new BadUsage({ what: 'the options of run() are no object' });
  for (const [option, value] of Object.entries(options)) {
    if (!isRunOption(option)) throw new UnknownOption({ of: 'run()', option, known: [...RUN_OPTIONS] });
    const reason = value === undefined ? undefined : WRONG[option](value);
    if (reason !== undefined) throw new BadOption({ of: 'run()', option, reason });
  }
  const { name } = options;
  if (name !== undefined && (name === 'latest' || !isComponentName(name))) throw new BadName({ kind: 'run', name });
}

function isRunOption(option: string): option is keyof RunOptions {
  return (RUN_OPTIONS as readonly string[]).includes(option);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be a text';
}

/** Trackers show it: one line that is not blank. */
function title(value: unknown): string | undefined {
  return typeof value === 'string' && /\S/.test(value) && !/[\r\n]/.test(value) ? undefined : 'must be one line of text';
}

function callback(value: unknown): string | undefined {
  return typeof value === 'function' ? undefined : 'must be a function';
}

function flag(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'must be true or false';
}

function oneOf(words: readonly string[]): (value: unknown) => string | undefined {
  return (value) => (words.includes(value as string) ? undefined : `must be ${words.map((word) => `"${word}"`).join(' or ')}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
