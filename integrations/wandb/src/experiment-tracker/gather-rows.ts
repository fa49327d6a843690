import type { TrackerEvent } from '@mortise/core';
import type { HistoryRow } from '@mortise/wandb-client';

type MetricsEvent = TrackerEvent & { kind: 'metrics' };

/** The step of points that came when W&B was further: their row has a later `_step`. */
export const OWN_STEP = 'mortise/step';

export interface GatheredRows {
  rows: HistoryRow[];
  /** Metrics of which points came after later ones. */
  late: Set<string>;
  /** Points in good order whose steps others have taken. */
  moved: boolean;
  /** The highest step of all points so far. */
  ownStep: number;
}

export interface RowsBefore {
  /** `_step` of the last row that the run has; -1 before the first one. */
  lastStep: number;
  /** The highest step of the points that came before, of which there may be none in the run's rows. */
  ownStep: number;
  /** ms since the epoch. */
  startedAt: number;
}

/**
 * W&B has one row for a step, and its steps rise. So all that a batch says of one step goes into one row. A point whose step is behind the last row, or
 * a second one of a metric at one step, gets a row of its own after all others, at the next `_step`, with its own step in `mortise/step`.
 */
export function gatherRows(events: readonly MetricsEvent[], { lastStep, ownStep, startedAt }: RowsBefore): GatheredRows {
  const inOrder = new Map<number, Gathered>();
  const behind: Map<number, Gathered>[] = [];
  const late = new Set<string>();
  let moved = false;
  /** How many points of a metric at one step are in `behind`. */
  const counts = new Map<string, number>();
  for (const event of events) {
    for (const [name, value] of Object.entries(event.values)) {
      if (event.step > lastStep && put(inOrder, event, name, value)) continue;
      if (event.step > lastStep || event.step <= ownStep) late.add(name);
      else moved = true;
      const point = `${event.step} ${name}`;
      const count = counts.get(point) ?? 0;
      counts.set(point, count + 1);
      put((behind[count] ??= new Map()), event, name, value);
    }
  }
  const rising = [...inOrder].sort(([a], [b]) => a - b).map(([step, row]) => rowAt(step, row, startedAt));
  let next = (rising.at(-1)?._step ?? lastStep) + 1;
  const after = behind.flatMap((rows) =>
    [...rows].map(([step, row]) => rowAt(next++, { ...row, values: { ...row.values, [OWN_STEP]: step } }, startedAt)),
  );
  return { rows: [...rising, ...after], late, moved, ownStep: events.reduce((highest, { step }) => Math.max(highest, step), ownStep) };
}

interface Gathered {
  values: Record<string, number>;
  /** Of the last of its events, ms. */
  at: number;
}

/** False when the row has this metric already. */
function put(rows: Map<number, Gathered>, { step, at }: MetricsEvent, name: string, value: number): boolean {
  const row = rows.get(step);
  if (row === undefined) rows.set(step, { values: { [name]: value }, at });
  else if (Object.hasOwn(row.values, name)) return false;
  else {
    row.values[name] = value;
    row.at = Math.max(row.at, at);
  }
  return true;
}

function rowAt(step: number, { values, at }: Gathered, startedAt: number): HistoryRow {
  return { ...values, _step: step, _timestamp: at / 1_000, _runtime: Math.max(0, at - startedAt) / 1_000 };
}
