import type { ImportedEvent } from '@mortise/core';
import type { LogRecord, MetricDefinition, ValueAt } from '@mortise/wandb-client';

import { OWN_STEP } from '../experiment-tracker/gather-rows.ts';
import { systemValues } from '../experiment-tracker/system-rows.ts';

type MetricsEvent = ImportedEvent & { kind: 'metrics' };
type DefineEvent = ImportedEvent & { kind: 'define-metric' };

/**
 * Makes events of a run's history, its definitions of metrics and its summary. A metric within others is called by all names, `val.loss`.
 * @param tell of what is no number, once for each name
 */
export class HistoryEvents {
  readonly #tell: (message: string) => void;
  readonly #defined = new Map<string, MetricDefinition>();
  readonly #patterns: MetricDefinition[] = [];
  /** Whatever was in a row. */
  readonly #seen = new Set<string>();
  readonly #summary = new Map<string, ValueAt>();
  /** The last value of each metric's history. */
  readonly #lastValues = new Map<string, number>();
  #samples = 0;
  #last = { step: 0, at: 0 };

  constructor(tell: (message: string) => void) {
    this.#tell = tell;
  }

  define({ definition }: Extract<LogRecord, { kind: 'metric' }>, at: number): DefineEvent[] {
    if (definition.name.endsWith('*')) {
      this.#patterns.push(definition);
      return [];
    }
    this.#defined.set(definition.name, definition);
    return [definedAs(definition.name, definition, at)];
  }

  row(row: Readonly<Record<string, unknown>>, startedAt: number): (MetricsEvent | DefineEvent)[] {
    const { _step, _timestamp, _runtime, [OWN_STEP]: ownStep, ...logged } = row;
    const step = Number(ownStep ?? _step);
    const at = typeof _timestamp === 'number' ? _timestamp * 1_000 : this.#last.at || startedAt;
    this.#last = { step: Math.max(step, this.#last.step), at };
    const values: Record<string, number> = {};
    const definitions: DefineEvent[] = [];
    for (const [name, value] of leavesOf(logged)) {
      if (!this.#seen.has(name)) {
        this.#seen.add(name);
        definitions.push(...this.#definedByPattern(name, at));
      }
      if (typeof value === 'number') {
        values[name] = value;
        this.#lastValues.set(name, value);
        // A row sets it anew; clients of today write down what then stands there, older ones do not.
        this.#summary.delete(name);
      } else if (value !== null) this.#tell(`"${name}" of its history is not taken over: ${kindOf(value)}`);
    }
    const metrics: MetricsEvent[] = Object.keys(values).length === 0 ? [] : [{ kind: 'metrics', at, step, values }];
    return [...definitions, ...metrics];
  }

  /** System metrics have no steps: they are counted. */
  system(row: Readonly<Record<string, unknown>>, at: number): MetricsEvent[] {
    const values = systemValues(row);
    return Object.keys(values).length === 0 ? [] : [{ kind: 'metrics', at, step: this.#samples++, values }];
  }

  summary(update: readonly ValueAt[], remove: readonly (readonly string[])[]): void {
    for (const entry of update) this.#summary.set(entry.path.join('.'), entry);
    for (const path of remove) this.#summary.delete(path.join('.'));
  }

  /** What stands in the summary alone, as a last row. */
  end(startedAt: number): MetricsEvent[] {
    for (const [name, { value }] of this.#summary)
      if (this.#isOther(name, value))
        this.#tell(`"${name}" of its summary is not taken over: it is another value than the last one of its history`);
    const own = [...this.#summary]
      .filter(([name, { path }]) => !name.startsWith('_') && !this.#isSeen(path))
      .map(([name, { value }]): [string, unknown] => [name, value]);
    const values: Record<string, number> = {};
    for (const [name, value] of leavesOf(Object.fromEntries(own))) {
      if (typeof value === 'number' || typeof value === 'bigint') values[name] = Number(value);
      else if (value !== null && !this.#seen.has(name)) this.#tell(`"${name}" of its summary is not taken over: ${kindOf(value)}`);
    }
    return Object.keys(values).length === 0 ? [] : [{ kind: 'metrics', at: this.#last.at || startedAt, step: this.#last.step, values }];
  }

  /** Somebody has set it, such as the best one. */
  #isOther(name: string, value: unknown): boolean {
    const last = this.#lastValues.get(name);
    if (last === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return false;
    return Number(value) !== last && !(Number.isNaN(value) && Number.isNaN(last));
  }

  /** Or what it is a part of, such as the size of a table. */
  #isSeen(path: readonly string[]): boolean {
    return path.some((_, index) => this.#seen.has(path.slice(0, index + 1).join('.')));
  }

  #definedByPattern(name: string, at: number): DefineEvent[] {
    if (this.#defined.has(name)) return [];
    const pattern = this.#patterns.find((definition) => name.startsWith(definition.name.slice(0, -1)));
    return pattern === undefined ? [] : [definedAs(name, pattern, at)];
  }
}

function definedAs(name: string, { summary = [], goal, stepMetric }: MetricDefinition, at: number): DefineEvent {
  const kind = summary.find((one) => one === 'min' || one === 'max' || one === 'mean');
  return {
    kind: 'define-metric',
    at,
    name,
    summary: kind ?? 'last',
    ...(goal && { goal }),
    ...(stepMetric !== undefined && { stepMetric }),
  };
}

/** Media are one value each: a record with a `_type`. */
function leavesOf(values: Readonly<Record<string, unknown>>, prefix = ''): [string, unknown][] {
  return Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const name = prefix + key;
    return isRecord(value) && !('_type' in value) ? leavesOf(value, `${name}.`) : [[name, value]];
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'it is a list';
  if (isRecord(value))
    return 'path' in value ? `it is a ${String(value['_type'])}, of which only the file is` : `it is a ${String(value['_type'])}`;
  return typeof value === 'string' ? 'it is text' : `it is a ${typeof value}`;
}
