import type { TrackerEvent } from '@mortise/core';

/** Of a table, `{ columns, data }`. */
const TABLE_MIME = 'application/vnd.mortise.table+json';

/** A file made of something that was logged as JSON: a table as CSV, which Comet shows as one, all else as `NAME.json`. */
export function documentFiles({ name, mime, value }: TrackerEvent & { kind: 'json' }): { path: string; bytes: Uint8Array }[] {
  const stem = name.replace(/\.(json|csv)$/, '');
  const table = mime === TABLE_MIME ? (value as unknown as Table) : undefined;
  const [path, text] = table === undefined ? [`${stem}.json`, JSON.stringify(value, undefined, 2)] : [`${stem}.csv`, csvOf(table)];
  return [{ path, bytes: new TextEncoder().encode(text) }];
}

interface Table {
  columns: readonly string[];
  data: readonly (readonly unknown[])[];
}

function csvOf({ columns, data }: Table): string {
  return [columns, ...data].map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');
}

/** As RFC 4180 has it. */
function cellOf(value: unknown): string {
  const text = typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
