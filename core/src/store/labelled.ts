import { type Expression, type RawBuilder, sql, type SqlBool } from 'kysely';

/** Whether `labels` (JSON, text by text) has all of those `wanted` (the same). */
export function withLabels(labels: Expression<string>, wanted: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`not exists (
    select 1 from json_each(${wanted}) as given
    where not exists (select 1 from json_each(${labels}) as listed where listed.key = given.key and listed.value = given.value)
  )`;
}
