import type { SQLInputValue } from 'node:sqlite';

/** A query of one shape, taking values `P` and giving rows `R`. */
export interface Statement<P, R> {
  readonly sql: string;
  /** One for each `?` of the SQL. */
  readonly parameters: readonly Parameter[];
  bind(values: P): SQLInputValue[];
  /** Never there: carries the type of the rows. */
  readonly row?: R;
}

/** The name of a value that a call gives, or a constant of the query. */
export type Parameter = string | { constant: SQLInputValue };

/** A statement whose SQL is known: what the build makes of every `statement(...)`, so that a run loads no query builder. */
export function compiledStatement<P, R>(sql: string, parameters: readonly Parameter[]): Statement<P, R> {
  return new CompiledStatement(sql, parameters);
}

class CompiledStatement<P, R> implements Statement<P, R> {
  readonly sql: string;
  readonly parameters: readonly Parameter[];

  constructor(sql: string, parameters: readonly Parameter[]) {
    this.sql = sql;
    this.parameters = parameters;
  }

  bind(values: P): SQLInputValue[] {
    const given = values as Record<string, SQLInputValue>;
    const bound = new Array<SQLInputValue>(this.parameters.length);
    for (let i = 0; i < bound.length; i++) {
      const each = this.parameters[i]!;
      bound[i] = typeof each === 'string' ? given[each]! : each.constant;
    }
    return bound;
  }
}
