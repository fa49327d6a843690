import type { Compilable } from 'kysely';
import type { SQLInputValue } from 'node:sqlite';
import { compiledStatement, type Parameter, type Statement } from './compiled-statement.ts';
import { type Queries, queries } from './sqlite-dialect.ts';

/** Stands in a query for the value that a call gives under `name`. */
export type Param<P> = <K extends keyof P & string>(name: K) => P[K];

/** The rows of a statement, by its type. */
export type RowOf<S> = S extends { readonly row?: infer Row } ? NonNullable<Row> : never;

class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A statement from a Kysely query. The build replaces each call by its SQL (scripts/compile-statements.mjs), so it must be made when its module loads.
 * Unbuilt, it is compiled at its first use.
 * A hot one should have no LIMIT: SQLite plans a statement with `limit ?` anew at each call, which costs ten times the call.
 *
 * @example
 * const renameStack = statement((db, p: Param<{ id: string; name: string }>) =>
 *   db.updateTable('stacks').set({ name: p('name') }).where('id', '=', p('id')));
 * tx.run(renameStack, { id, name });
 */
export function statement<P, R>(build: (db: Queries, p: Param<P>) => Compilable<R>): Statement<P, R> {
  return new LateStatement(build);
}

class LateStatement<P, R> implements Statement<P, R> {
  readonly #build: (db: Queries, p: Param<P>) => Compilable<R>;
  #compiled: Statement<P, R> | undefined;

  constructor(build: (db: Queries, p: Param<P>) => Compilable<R>) {
    this.#build = build;
  }

  get sql(): string {
    return this.#compile().sql;
  }

  get parameters(): readonly Parameter[] {
    return this.#compile().parameters;
  }

  bind(values: P): SQLInputValue[] {
    return this.#compile().bind(values);
  }

  #compile(): Statement<P, R> {
    if (this.#compiled === undefined) {
      const marked = ((name: string) => new Placeholder(name)) as unknown as Param<P>;
      const { sql, parameters } = this.#build(queries, marked).compile();
      this.#compiled = compiledStatement(sql, parameters.map(parameter));
    }
    return this.#compiled;
  }
}

const parameter = (value: unknown): Parameter => (value instanceof Placeholder ? value.name : { constant: value as SQLInputValue });
