/** One line of the report. */
export interface Row {
  what: string;
  unit: 'ms CPU' | 'ms CPU/step' | 'ms wall' | 'MB' | 'µs/call';
  median: number;
  /** The same measured of what it is compared with. */
  floor?: number;
  /** The median as a multiple of the floor. */
  ratio?: number;
  /** The most that one of the numbers may be; without one the row is there to be known. */
  goal?: Goal;
  ok?: boolean;
}

/** `ratio`: at most so many floors. `median`: at most so much. `excess`: at most so much more than the floor. */
export interface Goal {
  of: 'ratio' | 'median' | 'excess';
  most: number;
}

export function row(what: string, unit: Row['unit'], median: number, compared: { floor?: number; goal?: Goal } = {}): Row {
  const { floor, goal } = compared;
  const ratio = floor === undefined ? undefined : median / floor;
  const reached = { ratio, median, excess: floor === undefined ? undefined : median - floor };
  return {
    what,
    unit,
    median,
    ...(floor !== undefined && { floor, ratio: ratio! }),
    ...(goal !== undefined && { goal, ok: (reached[goal.of] ?? Infinity) <= goal.most }),
  };
}

/** The rows as a table with aligned columns. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ['what', 'median', 'floor', 'ratio', 'goal', 'ok'],
    ...rows.map((each) => [
      each.what,
      `${short(each.median)} ${each.unit}`,
      each.floor === undefined ? '' : short(each.floor),
      each.ratio === undefined ? '' : `${each.ratio.toFixed(2)}x`,
      each.goal === undefined ? '' : goalText(each.goal, each.unit),
      each.ok === undefined ? '' : each.ok ? 'yes' : 'NO',
    ]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
}

function goalText({ of, most }: Goal, unit: Row['unit']): string {
  if (of === 'ratio') return `<= ${most}x`;
  return of === 'median' ? `<= ${most} ${unit}` : `<= +${most} ${unit}`;
}

/** Three digits are more than the spread of a measurement leaves. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
