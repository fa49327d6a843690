import { specialOf, splitStep } from './metric-numbers.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

/** Of a metric that was logged without one. */
export const NO_CONTEXT = 0;

type Summary = Pick<Tables['metric_series'], 'n' | 'last' | 'last_special' | 'last_step' | 'last_micro' | 'last_at' | 'min' | 'max'>;
type Series = Summary & { id: number };

const findSeries = statement((db, p: Param<{ runId: string; name: number; context: number }>) =>
  db
    .selectFrom('metric_series')
    .select(['id', 'n', 'last', 'last_special', 'last_step', 'last_micro', 'last_at', 'min', 'max'])
    .where('run_id', '=', p('runId'))
    .where('name_id', '=', p('name'))
    .where('context_id', '=', p('context')),
);
const insertSeries = statement((db, p: Param<{ runId: string; name: number; context: number }>) =>
  db
    .insertInto('metric_series')
    .values({
      run_id: p('runId'),
      name_id: p('name'),
      context_id: p('context'),
      n: 0,
      last: 0,
      last_special: 0,
      last_step: 0,
      last_micro: 0,
      last_at: 0,
    })
    .returning('id'),
);
const updateSeries = statement((db, p: Param<Series>) =>
  db
    .updateTable('metric_series')
    .set({
      n: p('n'),
      last: p('last'),
      last_special: p('last_special'),
      last_step: p('last_step'),
      last_micro: p('last_micro'),
      last_at: p('last_at'),
      min: p('min'),
      max: p('max'),
    })
    .where('id', '=', p('id')),
);
const insertPoint = statement((db, p: Param<Tables['metric_points']>) =>
  db
    .insertInto('metric_points')
    .values({
      series_id: p('series_id'),
      step: p('step'),
      micro: p('micro'),
      at: p('at'),
      special: p('special'),
      value: p('value'),
    })
    // OR IGNORE would drop what is no number in silence.
    .onConflict((conflict) => conflict.doNothing()),
);

/** Points of one transaction, and the summaries of their series: each read once, written once at the end. */
export class SeriesBatch {
  readonly #tx: Transaction;
  readonly #store: StoreDb;
  /** By run and context, then by name. */
  readonly #open = new Map<string, Map<string, Series>>();

  constructor(tx: Transaction, store: StoreDb) {
    this.#tx = tx;
    this.#store = store;
  }

  add(runId: string, context: string | undefined, values: Record<string, number>, step: number, at: number): void {
    const place = context === undefined ? runId : `${runId}/${context}`;
    let group = this.#open.get(place);
    if (group === undefined) this.#open.set(place, (group = new Map<string, Series>()));
    const split = splitStep(step);
    for (const name of Object.keys(values)) {
      let series = group.get(name);
      if (series === undefined) group.set(name, (series = this.#read(runId, context, name)));
      this.#addPoint(series, split, at, values[name]!);
    }
  }

  flush(): void {
    for (const group of this.#open.values()) for (const series of group.values()) this.#tx.run(updateSeries, series);
  }

  #addPoint(series: Series, { step, micro }: { step: number; micro: number }, at: number, value: number): void {
    const special = specialOf(value);
    const point = { series_id: series.id, step, micro, at, special, value: special === 0 ? value : 0 };
    if (this.#tx.run(insertPoint, point) === 0) return;
    series.n++;
    if (isLater(point, series)) {
      series.last = point.value;
      series.last_special = special;
      series.last_step = step;
      series.last_micro = micro;
      series.last_at = at;
    }
    if (special === 1) return;
    if (series.min === null || value < series.min) series.min = value;
    if (series.max === null || value > series.max) series.max = value;
  }

  #read(runId: string, context: string | undefined, name: string): Series {
    const { names } = this.#store;
    const place = {
      runId,
      name: names.metric.id(this.#tx, name),
      context: context === undefined ? NO_CONTEXT : names.context.id(this.#tx, context),
    };
    const known = this.#tx.get(findSeries, place);
    if (known !== undefined) return known;
    const { id } = this.#tx.get(insertSeries, place)!;
    return { id, n: 0, last: 0, last_special: 0, last_step: 0, last_micro: 0, last_at: 0, min: null, max: null };
  }
}

/** By step, then time; of two at one place, the one logged later. */
function isLater(point: { step: number; micro: number; at: number }, series: Series): boolean {
  if (series.n === 1) return true;
  if (point.step !== series.last_step) return point.step > series.last_step;
  if (point.micro !== series.last_micro) return point.micro > series.last_micro;
  return point.at >= series.last_at;
}
