import type { Compilable } from 'kysely';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Statement } from './compiled-statement.ts';

/** What may be done inside one transaction: all of it synchronous. */
export class Transaction {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<object, StatementSync>();
  #afterCommit: (() => void)[] = [];

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Gives the number of rows that changed. */
  run<P, R>(statement: Statement<P, R>, values: P): number {
    return this.#native(statement).run(...statement.bind(values)).changes as number;
  }

  get<P, R>(statement: Statement<P, R>, values: P): R | undefined {
    return this.#native(statement).get(...statement.bind(values)) as R | undefined;
  }

  all<P, R>(statement: Statement<P, R>, values: P): R[] {
    return this.#native(statement).all(...statement.bind(values)) as R[];
  }

  /** For queries whose shape depends on what is asked. */
  rows<R>(query: Compilable<R>): R[] {
    const { sql, parameters } = query.compile();
    return this.#db.prepare(sql).all(...(parameters as SQLInputValue[])) as R[];
  }

  /** For migrations: whether there is such a table. */
  hasTable(name: string): boolean {
    return this.#db.prepare('SELECT 1 FROM pragma_table_info(?)').get(name) !== undefined;
  }

  /** For migrations: SQL text, several statements. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** `then` runs once this transaction is committed, and never if it is rolled back. */
  afterCommit(then: () => void): void {
    this.#afterCommit.push(then);
  }

  committed(): void {
    if (this.#afterCommit.length === 0) return;
    const due = this.#afterCommit;
    this.#afterCommit = [];
    for (const then of due) then();
  }

  forget(): void {
    this.#afterCommit = [];
  }

  #native<P, R>(statement: Statement<P, R>): StatementSync {
    let native = this.#prepared.get(statement);
    if (native === undefined) this.#prepared.set(statement, (native = this.#db.prepare(statement.sql)));
    return native;
  }
}
