import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';

/** A labelled table: `features[i]` is row i (one number for each of `featureNames`), `labels[i]` its class, an index into `classNames`. */
export interface Wine {
  featureNames: string[];
  classNames: string[];
  features: number[][];
  labels: number[];
}

const WINE_CSV = new URL('../data/wine.csv', import.meta.url);

/** Reads a CSV file with a header, whose last column is the class. Throws if a cell is not a number or a row is too short or long. */
export async function readWine(file: string | URL = WINE_CSV): Promise<Wine> {
  return parseWine(await readFile(file, 'utf8'));
}

export function parseWine(csv: string): Wine {
  const [header = [], ...rows] = parse(csv, { skip_empty_lines: true });
  const numbers = rows.map((row) => row.map(toNumber));
  const ofRows = numbers.map((row) => row[header.length - 1]!);
  const classes = [...new Set(ofRows)].sort((a, b) => a - b);
  return {
    featureNames: header.slice(0, -1),
    classNames: classes.map((label) => `class ${label}`),
    features: numbers.map((row) => row.slice(0, -1)),
    labels: ofRows.map((label) => classes.indexOf(label)),
  };
}

/** The same table with only these rows, in this order. */
export function takeRows(wine: Wine, rows: number[]): Wine {
  return { ...wine, features: rows.map((row) => wine.features[row]!), labels: rows.map((row) => wine.labels[row]!) };
}

function toNumber(cell: string): number {
  const value = Number(cell);
  if (cell.trim() === '' || !Number.isFinite(value)) throw new Error(`"${cell}" is not a number`);
  return value;
}
