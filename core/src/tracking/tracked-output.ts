import { BadLogValue } from '../errors.ts';
import { figureEvent, jsonEvent, logMetricValues } from './log-calls.ts';
import { isPlain } from './logged-json.ts';
import type { AttemptTracking } from './run-tracking.ts';

export type TrackedKind = 'metrics' | 'json' | 'figure';

/** An output that is logged when the step returns it. */
export interface TrackedOutput<K extends TrackedKind = TrackedKind> {
  readonly tracked: K;
  /** Name of the artifact whose versions it makes. */
  readonly artifact?: string;
}

/** Marks outputs: `outputs: { scores: tracked.metrics(), columns: tracked.json(), matrix: tracked.figure() }`. */
export const tracked = {
  /** A record of numbers, which may be nested: `{ val: { loss: 0.1 } }` is the metric `val.loss`. */
  metrics: (options: { artifact?: string } = {}): TrackedOutput<'metrics'> => ({ ...options, tracked: 'metrics' }),
  json: (options: { artifact?: string } = {}): TrackedOutput<'json'> => ({ ...options, tracked: 'json' }),
  /** A Plotly, Vega or Vega-Lite figure as JSON. */
  figure: (options: { artifact?: string } = {}): TrackedOutput<'figure'> => ({ ...options, tracked: 'figure' }),
};

/** Logs the value of a tracked output. Throws `BadLogValue`, naming the output, for a value that is not of that kind. */
export function logTrackedOutput(tracking: AttemptTracking, name: string, kind: TrackedKind, value: unknown): void {
  const call = `output "${name}"`;
  if (kind === 'metrics') logMetricValues(tracking, call, Object.fromEntries(flatten(call, value)));
  else tracking.append(kind === 'json' ? jsonEvent(call, name, value) : figureEvent(call, name, value));
}

function flatten(call: string, value: unknown, prefix = '', into = new Map<string, number>()): Map<string, number> {
  if (typeof value !== 'object' || value === null || !isPlain(value))
    throw new BadLogValue({ call, reason: `${prefix === '' ? 'it' : `"${prefix}"`} is neither a number nor a record of numbers` });
  for (const [key, part] of Object.entries(value)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof part !== 'number') flatten(call, part, name, into);
    else if (into.has(name)) throw new BadLogValue({ call, reason: `two of its numbers have the name "${name}"` });
    else into.set(name, part);
  }
  return into;
}
