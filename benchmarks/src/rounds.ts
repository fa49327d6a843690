/** Does something several times and gives each of its numbers as the median. Floors belong into the same round as what they are the floor of. */
export function medians<K extends string>(rounds: number, round: () => Record<K, number>): Record<K, number> {
  const seen = Array.from({ length: rounds }, round);
  const names = Object.keys(seen[0]!) as K[];
  return Object.fromEntries(names.map((name) => [name, median(seen.map((values) => values[name]))])) as Record<K, number>;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
