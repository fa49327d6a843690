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
    for (const [key, entry] of this.#entries) this.#redefine(key, entry);
  }

  take(row: Readonly<Record<string, unknown>>): void {
    for (const name in row) this.#takeValue(name, [name], row[name]);
  }

  /** Sets whole values, whatever was below these names. */
  set(update: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(update)) {
      for (const key of this.#entries.keys()) if (key.startsWith(name + SEPARATOR)) this.#entries.delete(key);
      this.#entries.set(name, { path: [name], value, kinds: [], aggregate: undefined });
      this.#changed.add(name);
    }
  }

  /** Takes what a summary that was stored between rows says, besides what came from the rows before it; no change. */
  takeStored(entries: readonly ValueAt[]): void {
    for (const { path, value } of entries) {
      const key = path.join(SEPARATOR);
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, { path, value, kinds: [], aggregate: undefined });
      else if (known.kinds.length === 0) known.value = value;
      this.#changed.delete(key);
    }
  }

  /** Goes on where another process was, once all is defined: `values` as they were shown, and `sums` as they were told. */
  resume(values: Readonly<Record<string, unknown>>, sums: Readonly<Record<string, readonly [sum: number, count: number]>> = {}): void {
    for (const [name, value] of Object.entries(values)) {
      const kinds = this.#kindsOf(name);
      const shown = kinds.length > 0 && isPlainObject(value) ? value : undefined;
      const aggregate = shown === undefined ? new Aggregate() : new Aggregate(shown, sums[name]);
      if (typeof value === 'number') aggregate.add(value);
      this.#entries.set(name, { path: [name], value, kinds: shown === undefined ? [] : kinds, aggregate });
    }
  }

  /** Of each mean, for `resume`. */
  sums(): Record<string, readonly [sum: number, count: number]> {
    const means = [...this.#entries].filter(([, { kinds, aggregate }]) => kinds.includes('mean') && aggregate!.sum[1] > 0);
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
    return changed.map((entry) => ({ path: entry.path, value: shownOf(entry) }));
  }

  /** All of it, nested. */
  values(): Record<string, unknown> {
    const whole: Record<string, unknown> = {};
    for (const entry of this.#entries.values()) setNested(whole, entry.path, shownOf(entry));
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
    const entry: Entry = { path, value: undefined, kinds, aggregate: new Aggregate() };
    this.#entries.set(key, entry);
    return entry;
  }

  /** A definition may come after what it is of, and holds for all of that. */
  #redefine(key: string, entry: Entry): void {
    const kinds = this.#kindsOf(key);
    const isSame = kinds === entry.kinds || kinds.length + entry.kinds.length === 0;
    if (isSame || entry.aggregate === undefined || entry.aggregate.isEmpty) return;
    if (kinds.includes('none')) this.#entries.delete(key);
    entry.kinds = kinds;
    this.#changed.add(key);
  }

  #kindsOf(key: string): readonly MetricSummary[] {
    return this.#exact.get(key) ?? this.#globs.find(({ prefix }) => key.startsWith(prefix))?.summary ?? [];
  }
}

interface Entry {
  path: readonly string[];
  value: unknown;
  /** What of the aggregate stands in the value's place; empty: nothing. */
  kinds: readonly MetricSummary[];
  /** Of what came in rows. */
  aggregate: Aggregate | undefined;
}

function shownOf({ value, kinds, aggregate }: Entry): unknown {
  return kinds.length === 0 || aggregate === undefined ? value : aggregate.shownAs(kinds);
}

/** In no name that W&B takes. */
const SEPARATOR = '\0';

type Aggregated = Partial<Record<MetricSummary, number>>;

class Aggregate {
  readonly #known: Aggregated;
  #sum: number;
  #count: number;

  constructor(known: Aggregated = {}, [sum, count]: readonly [number, number] = [0, 0]) {
    this.#known = { ...known };
    this.#sum = sum;
    this.#count = count;
  }

  get sum(): readonly [sum: number, count: number] {
    return [this.#sum, this.#count];
  }

  /** Nothing was added, nor known before. */
  get isEmpty(): boolean {
    return Object.keys(this.#known).length === 0;
  }

  shownAs(kinds: readonly MetricSummary[]): Aggregated {
    return Object.fromEntries(kinds.flatMap((kind) => (this.#known[kind] === undefined ? [] : [[kind, this.#known[kind]]])));
  }

  add(value: number): void {
    const known = this.#known;
    this.#sum += value;
    this.#count += 1;
    known.first ??= value;
    known.min = Math.min(known.min ?? value, value);
    known.max = Math.max(known.max ?? value, value);
    known.mean = this.#sum / this.#count;
    known.last = value;
  }
}
