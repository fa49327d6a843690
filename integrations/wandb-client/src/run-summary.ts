import { isPlainObject, setNested } from './nested-value.ts';
import type { MetricDefinition, MetricSummary } from './run-records.ts';
import type { ValueAt } from './transaction-log/log-record.ts';

/**
 * What W&B shows of a run at a glance: of every metric the last value, or what its definition says, and what was set by hand. The client works
 * it out, not the server. NaN makes a minimum, maximum or mean NaN for good, as in W&B's own client.
 */
export class RunSummary {
  readonly #exact = new Map<string, readonly MetricSummary[]>();
  readonly #globs: { prefix: string; summary: readonly MetricSummary[] }[] = [];
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Set<string>();

  define({ name, summary = [] }: MetricDefinition): void {
    if (summary.length === 0) return;
    if (name.endsWith('*')) this.#globs.push({ prefix: name.slice(0, -1), summary });
    else this.#exact.set(name, summary);
  }

  take(row: Readonly<Record<string, unknown>>): void {
    for (const name in row) this.#takeValue(name, [name], row[name]);
  }

  /** Sets whole values, whatever was below these names. */
  set(update: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(update)) {
      for (const key of this.#entries.keys()) if (key.startsWith(name + SEPARATOR)) this.#entries.delete(key);
      this.#entries.set(name, { path: [name], value, aggregate: undefined });
      this.#changed.add(name);
    }
  }

  /** Takes what a summary that was stored between rows says, besides what came from the rows before it; no change. */
  takeStored(entries: readonly ValueAt[]): void {
    for (const { path, value } of entries) {
      const key = path.join(SEPARATOR);
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { path, value, aggregate: undefined });
      else if (known.aggregate === undefined) known.value = value;
      this.#changed.delete(key);
    }
  }

  /** Goes on where another process was, once all is defined: `values` as they were shown, and `sums` as they were told. */
  resume(values: Readonly<Record<string, unknown>>, sums: Readonly<Record<string, readonly [sum: number, count: number]>> = {}): void {
    for (const [name, value] of Object.entries(values)) {
      const kinds = this.#kindsOf(name);
      const shown = kinds.length > 0 && isPlainObject(value) ? value : undefined;
      this.#entries.set(name, { path: [name], value, aggregate: shown && new Aggregate(kinds, shown, sums[name]) });
    }
  }

  /** Of each mean, for `resume`. */
  sums(): Record<string, readonly [sum: number, count: number]> {
    const means = [...this.#entries].filter(([, { aggregate }]) => aggregate?.shown.mean !== undefined);
    return Object.fromEntries(means.map(([name, { aggregate }]) => [name, aggregate!.sum]));
  }

  /** Counts all of it as changed, for one who has not heard of it. */
  tellAnew(): void {
    for (const key of this.#entries.keys()) this.#changed.add(key);
  }

  /** What changed since this was asked last. */
  changes(): ValueAt[] {
    const changed = [...this.#changed].flatMap((key) => this.#entries.get(key) ?? []);
    this.#changed.clear();
    return changed.map(({ path, value, aggregate }) => ({ path, value: aggregate === undefined ? value : { ...aggregate.shown } }));
  }

  /** All of it, nested. */
  values(): Record<string, unknown> {
    const whole: Record<string, unknown> = {};
    for (const { path, value, aggregate } of this.#entries.values())
      setNested(whole, path, aggregate === undefined ? value : { ...aggregate.shown });
    return whole;
  }

  #takeValue(key: string, path: readonly string[], value: unknown): void {
    if (value === null || value === undefined) return;
    if (isPlainObject(value)) {
      for (const name in value) this.#takeValue(key + SEPARATOR + name, [...path, name], value[name]);
      return;
    }
    const entry = this.#entries.get(key) ?? this.#begin(key, path);
    if (entry === undefined) return;
    entry.value = value;
    if (typeof value === 'number') entry.aggregate?.add(value);
    this.#changed.add(key);
  }

  #begin(key: string, path: readonly string[]): Entry | undefined {
    const kinds = this.#kindsOf(key);
    if (kinds.includes('none')) return undefined;
    const entry: Entry = { path, value: undefined, aggregate: kinds.length === 0 ? undefined : new Aggregate(kinds) };
    this.#entries.set(key, entry);
    return entry;
  }

  #kindsOf(key: string): readonly MetricSummary[] {
    return this.#exact.get(key) ?? this.#globs.find(({ prefix }) => key.startsWith(prefix))?.summary ?? [];
  }
}

interface Entry {
  path: readonly string[];
  value: unknown;
  /** Stands in the value's place. */
  aggregate: Aggregate | undefined;
}

/** In no name that W&B takes. */
const SEPARATOR = '\0';

class Aggregate {
  readonly shown: Partial<Record<MetricSummary, number>> = {};
  readonly #kinds: readonly MetricSummary[];
  #sum = 0;
  #count = 0;

  constructor(
    kinds: readonly MetricSummary[],
    shown: Partial<Record<MetricSummary, number>> = {},
    [sum, count]: readonly [number, number] = [0, 0],
  ) {
    this.#kinds = kinds;
    Object.assign(this.shown, shown);
    this.#sum = sum;
    this.#count = count;
  }

  get sum(): readonly [sum: number, count: number] {
    return [this.#sum, this.#count];
  }

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
    for (const kind of this.#kinds) this.shown[kind] = this.#next(kind, value);
  }

  #next(kind: MetricSummary, value: number): number {
    const before = this.shown[kind] ?? value;
    switch (kind) {
      case 'min':
        return Math.min(before, value);
      case 'max':
        return Math.max(before, value);
      case 'mean':
        return this.#sum / this.#count;
      case 'first':
        return before;
      default:
        return value;
    }
  }
}
