import { sql } from 'kysely';
import type { Queries } from './sqlite-dialect.ts';
import type { Param } from './statement.ts';

/** Ids as a JSON array: one statement serves any number of them. */
export interface Ids {
  ids: string;
}

/** The ids, as rows with a `value`. */
export const valuesOf = (db: Queries, p: Param<Ids>) => db.selectFrom(sql<{ value: string }>`json_each(${p('ids')})`.as('given'));
