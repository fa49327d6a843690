import { DefaultQueryExecutor, QueryCreator, SqliteAdapter, SqliteQueryCompiler } from 'kysely';
import type { Tables } from './tables.ts';

export type Queries = QueryCreator<Tables>;

/**
 * Builds and compiles every query of the store, and runs none: a transaction here is synchronous, which Kysely's own drivers cannot be.
 * `Transaction` runs what is compiled. Without the `Kysely` class, whose schema builder and migrator would be loaded too.
 */
export const queries: Queries = new QueryCreator({
  executor: new DefaultQueryExecutor(new SqliteQueryCompiler(), new SqliteAdapter(), {
    provideConnection: () => Promise.reject(new Error('queries are run by Transaction')),
  }),
});
