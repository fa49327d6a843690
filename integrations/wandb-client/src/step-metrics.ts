import type { MetricDefinition } from './run-records.ts';

/** Fills in what is a metric's x axis where a row does not say it: W&B draws a point only if both are in one row. */
export class StepMetrics {
  readonly #exact = new Map<string, string>();
  readonly #patterns: { prefix: string; stepMetric: string }[] = [];
  readonly #last = new Map<string, unknown>();

  define({ name, stepMetric }: MetricDefinition): void {
    if (stepMetric === undefined) return;
    if (name.endsWith('*')) this.#patterns.push({ prefix: name.slice(0, -1), stepMetric });
    else this.#exact.set(name, stepMetric);
    if (!this.#last.has(stepMetric)) this.#last.set(stepMetric, undefined);
  }

  /** Goes on with a run: what it had last. */
  resume(summary: Readonly<Record<string, unknown>>): void {
    for (const stepMetric of this.#last.keys()) {
      const last = summary[stepMetric];
      if (typeof last === 'number') this.#last.set(stepMetric, last);
    }
  }

  /** The row, or one that has the last values of step metrics besides. */
  filled<R extends Readonly<Record<string, unknown>>>(row: R): R {
    if (this.#last.size === 0) return row;
    const lacking: Record<string, unknown> = {};
    for (const name in row) {
      const stepMetric = this.#stepMetricOf(name);
      if (stepMetric === undefined || Object.hasOwn(row, stepMetric)) continue;
      const last = this.#last.get(stepMetric);
      if (last !== undefined) lacking[stepMetric] = last;
    }
    for (const stepMetric of this.#last.keys()) if (Object.hasOwn(row, stepMetric)) this.#last.set(stepMetric, row[stepMetric]);
    return Object.keys(lacking).length === 0 ? row : { ...row, ...lacking };
  }

  #stepMetricOf(name: string): string | undefined {
    return this.#exact.get(name) ?? this.#patterns.find(({ prefix }) => name.startsWith(prefix))?.stepMetric;
  }
}
