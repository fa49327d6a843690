import type { Compilable, QueryCreator } from 'kysely';
import type { SQLInputValue } from 'node:sqlite';
import { queries } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** Stands in a query for the value that a call gives under `name`. */
export type Param<P> = <K extends keyof P & string>(name: K) => P[K];

/** A query of one shape, compiled once, taking values `P` and giving rows `R`. */
export interface Statement<P, R> {
  readonly sql: string;
  bind(values: P): SQLInputValue[];
  /** Never there: carries the type of the rows. */
  readonly row?: R;
}

class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/**
 * A statement from a Kysely query. Compiled at its first use, because compiling costs more than running it a hundred times.
 * A hot one should have no LIMIT: SQLite plans a statement with `limit ?` anew at each call, which costs ten times the call.
 *
 * @example
 * const renameStack = statement((db, p: Param<{ id: string; name: string }>) =>
 *   db.updateTable('stacks').set({ name: p('name') }).where('id', '=', p('id')));
 * tx.run(renameStack, { id, name });
 */
export function statement<P, R>(build: (db: QueryCreator<Tables>, p: Param<P>) => Compilable<R>): Statement<P, R> {
  return new CompiledStatement(build);
}

class CompiledStatement<P, R> implements Statement<P, R> {
  readonly #build: (db: QueryCreator<Tables>, p: Param<P>) => Compilable<R>;
  #sql: string | undefined;
  #parameters: readonly unknown[] = [];

  constructor(build: (db: QueryCreator<Tables>, p: Param<P>) => Compilable<R>) {
    this.#build = build;
  }

  get sql(): string {
    if (this.#sql === undefined) {
      const marked = ((name: string) => new Placeholder(name)) as unknown as Param<P>;
      const compiled = this.#build(queries, marked).compile();
      this.#sql = compiled.sql;
      this.#parameters = compiled.parameters;
    }
    return this.#sql;
  }

  bind(values: P): SQLInputValue[] {
    const given = values as Record<string, SQLInputValue>;
    const bound = new Array<SQLInputValue>(this.#parameters.length);
    for (let i = 0; i < bound.length; i++) {
      const each = this.#parameters[i];
      bound[i] = each instanceof Placeholder ? given[each.name]! : (each as SQLInputValue);
    }
    return bound;
  }
}
