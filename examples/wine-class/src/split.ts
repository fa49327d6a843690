import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { takeRows, type Wine } from './wine-data.ts';

export interface Split {
  train: Wine;
  test: Wine;
}

/** Splits the rows at random into two parts in which every class has the same share. `testShare` is between 0 and 1. */
export function split(wine: Wine, { testShare = 0.4, seed = 42 } = {}): Split {
  const train: number[] = [];
  const test: number[] = [];
  for (const rows of shuffledByClass(wine.labels, seed)) {
    const testRows = Math.round(rows.length * testShare);
    test.push(...rows.slice(0, testRows));
    train.push(...rows.slice(testRows));
  }
  return { train: takeRows(wine, train), test: takeRows(wine, test) };
}

/** Cuts the rows at random into `count` parts in which every class has the same share; each part is the test set once. */
export function folds(wine: Wine, { count = 5, seed = 42 } = {}): Split[] {
  const shuffled = shuffledByClass(wine.labels, seed).flat();
  return Array.from({ length: count }, (_, fold) => {
    const train = shuffled.filter((_, i) => i % count !== fold);
    const test = shuffled.filter((_, i) => i % count === fold);
    return { train: takeRows(wine, train), test: takeRows(wine, test) };
  });
}

function shuffledByClass(labels: number[], seed: number): number[][] {
  const random = xoroshiro128plus(seed);
  const byClass: number[][] = [];
  labels.forEach((label, row) => (byClass[label] ??= []).push(row));
  for (const rows of byClass) {
    // Fisher-Yates
    for (let i = rows.length - 1; i > 0; i--) {
      const j = uniformInt(random, 0, i);
      [rows[i], rows[j]] = [rows[j]!, rows[i]!];
    }
  }
  return byClass;
}
