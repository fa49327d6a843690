/** The entry of `known` that is nearest to `word` (a typo away), or undefined. Edit distance at most 2, or 1/3 of the word. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return known.length === 0 ? '' : `Known: ${known.join(', ')}.`;
}

/** `experiment-tracker` → `experiment tracker`. */
export const spoken = (componentType: string): string => componentType.replaceAll('-', ' ');
/** `an experiment tracker`, `a stack`. */
export const aSpoken = (kind: string): string => `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${spoken(kind)}`;
