import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** A labelled table: `features[i]` is row i in standard units (mean 0, deviation 1), `labels[i]` its species. */
export interface Flowers {
  features: number[][];
  /** Index into `SPECIES`. */
  labels: number[];
}

export const SPECIES = ['setosa', 'versicolor', 'virginica'] as const;

export interface IrisData {
  /** sha256 of the file, hex. */
  digest: string;
  train: Flowers;
  validation: Flowers;
  test: Flowers;
}

/** Of every five rows three are to learn from, one to choose a model by, and one that only the last step sees: the file is sorted by species. */
export async function readIris(file = new URL('../data/iris.csv', import.meta.url)): Promise<IrisData> {
  const csv = await readFile(file, 'utf8');
  const rows = csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number));
  const part = (...fifths: number[]) => rows.filter((_, index) => fifths.includes(index % 5));
  const scale = scalerOf(part(0, 1, 2));
  const flowers = (some: number[][]): Flowers => ({ features: some.map(scale), labels: some.map((row) => row[4]!) });
  return {
    digest: createHash('sha256').update(csv).digest('hex'),
    train: flowers(part(0, 1, 2)),
    validation: flowers(part(3)),
    test: flowers(part(4)),
  };
}

/** What gives the first four columns of these rows mean 0 and deviation 1, for any row. */
function scalerOf(rows: number[][]): (row: number[]) => number[] {
  const columns = [0, 1, 2, 3].map((column) => {
    const values = rows.map((row) => row[column]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    return { mean, deviation };
  });
  return (row) => columns.map(({ mean, deviation }, column) => (row[column]! - mean) / deviation);
}
