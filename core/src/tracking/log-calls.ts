import { BadLogValue } from '../errors.ts';
import { didYouMean } from '../errors/wording.ts';
import type { Json } from '../json.ts';
import type { LoggedEvent } from './experiment-tracker.ts';
import { isPlain, loggedJson, LOST_NAME } from './logged-json.ts';
import type { AttemptTracking } from './run-tracking.ts';

/** When a metric was measured: `step` counts on by itself (0, 1, 2, ... per name and context) when it is not given. */
export interface MetricOptions {
  /** Up to 2^53 - 1 either way; decimals are allowed. */
  step?: number;
  /** `train`, `val`, ...: the same name in another context is another metric. */
  context?: string;
}

export interface MetricDefinition {
  /** Which value stands for the whole curve. Default `last`. */
  summary?: 'last' | 'min' | 'max' | 'mean';
  goal?: 'minimize' | 'maximize';
  /** Metric to draw it over, in place of the step. */
  stepMetric?: string;
}

export interface LoggedDataset {
  name: string;
  digest?: string;
  /** Where it is from: a path, a URL, a query. */
  source?: string;
  /** `training`, `test`, ... */
  context?: string;
}

const METRIC_OPTIONS: readonly (keyof MetricOptions)[] = ['step', 'context'];
const LONGEST_NAME = 250;
export const TABLE_MIME = 'application/vnd.mortise.table+json';

/** Logs metrics that belong to one moment. `call` names what the user called, for errors. */
export function logMetricValues(
  tracking: AttemptTracking,
  call: string,
  values: Record<string, number>,
  options: MetricOptions = {},
): void {
  checkOptions(call, options, METRIC_OPTIONS);
  const { step, context } = options;
  if (step !== undefined) checkStep(call, step);
  if (context !== undefined) checkName(call, context, 'the context');
  requireObject(call, values);
  let isEmpty = true;
  for (const name in values) {
    if (!Object.hasOwn(values, name)) continue;
    checkName(call, name, 'a metric name');
    if (typeof values[name] !== 'number') throw new BadLogValue({ call, reason: `"${name}" is ${described(values[name])}, not a number` });
    isEmpty = false;
  }
  if (isEmpty) return;
  if (step !== undefined) return tracking.append(metricsEvent({ ...values }, step, context));
  for (const [at, group] of groupByNextStep(tracking, Object.keys(values), context)) {
    const logged = Object.fromEntries(group.map((name) => [name, values[name]!]));
    tracking.append(metricsEvent(logged, at, context));
  }
}

function metricsEvent(values: Record<string, number>, step: number, context: string | undefined): LoggedEvent {
  return context === undefined ? { kind: 'metrics', values, step } : { kind: 'metrics', values, step, context };
}

/** One event has one step: metrics that count on by themselves and stand at different steps are logged apart. */
function groupByNextStep(tracking: AttemptTracking, names: string[], context: string | undefined): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const name of names) {
    const next = tracking.nextStep(name, context);
    const group = groups.get(next);
    if (group === undefined) groups.set(next, [name]);
    else group.push(name);
  }
  return groups;
}

export function paramsEvent(call: string, values: Record<string, unknown>): LoggedEvent {
  const params: Record<string, Json> = {};
  for (const [name, value] of Object.entries(requireObject(call, values))) {
    checkName(call, name, 'a param name');
    if (value !== undefined) params[name] = loggedJson(value, call, `"${name}"`);
  }
  return { kind: 'params', values: params };
}

export function tagsEvent(call: string, values: Record<string, string | number | boolean | null>): LoggedEvent {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const [name, value] of Object.entries(requireObject(call, values))) {
    checkName(call, name, 'a tag name');
    if (value === null) remove.push(name);
    else if (['string', 'number', 'boolean'].includes(typeof value)) set[name] = String(value);
    else throw new BadLogValue({ call, reason: `"${name}" is ${described(value)}, not text` });
  }
  return { kind: 'tags', set, ...(remove.length > 0 && { remove }) };
}

export function jsonEvent(call: string, name: string, value: unknown): LoggedEvent {
  checkName(call, name, 'the name');
  return { kind: 'json', name, mime: 'application/json', value: loggedJson(value, call) };
}

export function figureEvent(call: string, name: string, figure: unknown): LoggedEvent {
  checkName(call, name, 'the name');
  const value = loggedJson(figure, call, 'the figure');
  const mime = figureMime(value);
  if (mime === undefined)
    throw new BadLogValue({
      call,
      reason: 'the figure is neither Plotly ({ data: [...], layout }) nor Vega or Vega-Lite (with "$schema", or "mark" and "encoding")',
    });
  return { kind: 'json', name, mime, value };
}

/** Rows are objects; the columns are all of their keys, in the order in which they are met. A cell that a row lacks is null. */
export function tableEvent(call: string, name: string, rows: readonly Record<string, unknown>[]): LoggedEvent {
  checkName(call, name, 'the name');
  if (!isList(rows)) throw new BadLogValue({ call, reason: `the rows are ${described(rows)}, not an array` });
  const columns = new Set<string>();
  for (const [index, row] of rows.entries()) for (const key of Object.keys(requireObject(call, row, `row ${index}`))) columns.add(key);
  const data = rows.map((row, index) =>
    Array.from(columns, (column) =>
      cell(row, column) === undefined ? null : loggedJson(cell(row, column), call, `row ${index}.${column}`),
    ),
  );
  return { kind: 'json', name, mime: TABLE_MIME, value: { columns: [...columns], data } };
}

/** Not what every object has from birth, as `constructor`. */
const cell = (row: Record<string, unknown>, column: string): unknown => (Object.hasOwn(row, column) ? row[column] : undefined);

export function datasetEvent(call: string, dataset: LoggedDataset): LoggedEvent {
  const { name, digest, source, context } = requireObject<LoggedDataset>(call, dataset);
  checkOptions(call, dataset, ['name', 'digest', 'source', 'context']);
  checkName(call, name, 'the name');
  for (const [key, value] of Object.entries({ digest, source, context }))
    if (value !== undefined && typeof value !== 'string')
      throw new BadLogValue({ call, reason: `"${key}" is ${described(value)}, not text` });
  return { kind: 'dataset', name, ...(digest && { digest }), ...(source && { source }), ...(context && { context }) };
}

export function defineMetricEvent(call: string, name: string, definition: MetricDefinition): LoggedEvent {
  checkName(call, name, 'the name');
  checkOptions(call, definition, ['summary', 'goal', 'stepMetric']);
  const { summary = 'last', goal, stepMetric } = definition;
  checkOneOf(call, 'summary', summary, ['last', 'min', 'max', 'mean']);
  if (goal !== undefined) checkOneOf(call, 'goal', goal, ['minimize', 'maximize']);
  if (stepMetric !== undefined) checkName(call, stepMetric, 'the step metric');
  return { kind: 'define-metric', name, summary, ...(goal && { goal }), ...(stepMetric && { stepMetric }) };
}

export function noteEvent(call: string, markdown: string): LoggedEvent {
  if (typeof markdown !== 'string') throw new BadLogValue({ call, reason: `the note is ${described(markdown)}, not text` });
  return { kind: 'note', markdown };
}

function figureMime(figure: Json): string | undefined {
  if (typeof figure !== 'object' || figure === null || Array.isArray(figure)) return undefined;
  if (typeof figure.$schema === 'string') {
    const vega = /\/schema\/(vega|vega-lite)\/v(\d+)/.exec(figure.$schema);
    if (vega !== null) return `application/vnd.${vega[1]!.replace('-', '')}.v${vega[2]}+json`;
  }
  if (Array.isArray(figure.data)) return 'application/vnd.plotly.v1+json';
  return 'mark' in figure && 'encoding' in figure ? 'application/vnd.vegalite.v5+json' : undefined;
}

export function checkName(call: string, name: string, what: string): void {
  if (typeof name !== 'string') throw new BadLogValue({ call, reason: `${what} is ${described(name)}, not text` });
  if (name.trim() === '') throw new BadLogValue({ call, reason: `${what} is ${name === '' ? 'empty' : 'blank'}` });
  if (name.length > LONGEST_NAME)
    throw new BadLogValue({ call, reason: `${what} has ${name.length} characters, at most ${LONGEST_NAME} are allowed` });
  if (name === LOST_NAME) throw new BadLogValue({ call, reason: `${what} is ${LOST_NAME}, which no object can have as a name` });
}

/** What stands in the wrong place (`logMetric('loss', 0.1, epoch)`) or is misspelt would be left out without a word. */
export function checkOptions(call: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw new BadLogValue({ call, reason: `the options are ${described(options)}, not an object: { ${known.join(', ')} }` });
  for (const name in options)
    if (!known.includes(name)) throw new BadLogValue({ call, reason: `there is no option "${name}". ${didYouMean(name, known)}` });
}

function checkStep(call: string, step: number): void {
  if (typeof step !== 'number' || !Number.isFinite(step))
    throw new BadLogValue({ call, reason: `the step is ${described(step)}, not a number` });
  if (Math.abs(step) > Number.MAX_SAFE_INTEGER)
    throw new BadLogValue({ call, reason: `the step ${step} is beyond 2^53 - 1, where numbers are not exact` });
}

function checkOneOf(call: string, key: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value))
    throw new BadLogValue({ call, reason: `"${key}" is ${JSON.stringify(value)}, not one of ${allowed.join(', ')}` });
}

function requireObject<T extends object>(call: string, value: T, what = 'what was given'): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isPlain(value))
    throw new BadLogValue({ call, reason: `${what} is ${described(value)}, not an object of names and values` });
  return value;
}

/** As `Array.isArray`, which forgets what is in a readonly array. */
const isList = (value: readonly unknown[]): boolean => Array.isArray(value);

/** What a value is, in words for a message: `the text "yes"`, `an array`, `a Map`. */
export function described(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, 40))}` : `a ${typeof value}`;
  return isPlain(value) ? 'an object' : `a ${value.constructor?.name ?? 'class instance'}`;
}
