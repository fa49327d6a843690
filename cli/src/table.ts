import { stripVTControlCharacters } from 'node:util';
import { oneLine } from './printable.ts';

/** Rows of cells as lines with aligned columns, the header first. Colours in a cell do not count. An empty table is its header. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows.map((row) => row.map(oneLine))];
  const widths = header.map((_, column) => all.reduce((most, row) => Math.max(most, width(row[column] ?? '')), 0));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(widths[column]! - width(cell)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name: value` lines with aligned values, each on one line. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const longest = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(longest)}  ${oneLine(value)}`.trimEnd()).join('\n');
}

const ASCII = /^[ -~]*$/;

const width = (text: string): number => (ASCII.test(text) ? text.length : [...stripVTControlCharacters(text)].length);
