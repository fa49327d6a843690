import { BadUsage } from '../errors.ts';
import type { Page, PageRequest, Sort } from './queries.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;

/** Which column a list is sorted by, and how. Throws `BadUsage` for an order that is not among `columns`, by name. */
export function orderOf<Key extends string, Column>(
  sort: Sort<Key>,
  columns: Readonly<Record<Key, Column>>,
): { column: Column; direction: 'asc' | 'desc'; beyond: '<' | '>' } {
  const key = sort.replace(/^-/, '');
  if (!Object.hasOwn(columns, key))
    throw new BadUsage({
      what: `no list is sorted by "${sort}"`,
      advice: `Sort by ${Object.keys(columns).join(' or ')}, with "-" for the last first.`,
    });
  const column = columns[key as Key];
  return sort.startsWith('-') ? { column, direction: 'desc', beyond: '<' } : { column, direction: 'asc', beyond: '>' };
}

export function limitOf(request: PageRequest): number {
  return Math.min(Math.max(Math.trunc(request.limit ?? DEFAULT_LIMIT), 1), MAX_LIMIT);
}

/** The sort key of the last row of a page. Opaque to callers: what is given out as `next` comes back as `after`. */
export function encodeCursor(sort: string, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([sort, ...key])).toString('base64url');
}

/** `length`: of the sort key. Throws `BadUsage` for what is no cursor of a list with this sort order. */
export function decodeCursor(sort: string, after: string, length: number): (string | number)[] {
  const [of, ...key] = parsed(after);
  if (of !== sort || key.length !== length || !key.every((value) => typeof value === 'string' || typeof value === 'number'))
    throw new BadUsage({ what: `no page begins after "${after}"`, advice: 'Take it from the page before, listed in the same order.' });
  return key;
}

function parsed(after: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(after, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** `rows` was asked for one more than `limit`, to know whether there is a next page. */
export function pageOf<Row, T>(rows: readonly Row[], limit: number, item: (row: Row) => T, cursor: (row: Row) => string): Page<T> {
  const shown = rows.slice(0, limit);
  return { items: shown.map(item), ...(rows.length > limit && { next: cursor(shown.at(-1)!) }) };
}
