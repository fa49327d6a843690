import { type Param, statement } from './statement.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

type Kind = Tables['snapshots']['kind'];

const insertSnapshot = statement((db, p: Param<{ hash: string; kind: Kind; json: string }>) =>
  db
    .insertInto('snapshots')
    .values({ hash: p('hash'), kind: p('kind'), json: p('json') })
    // Of one that no run had any more, only the row is left.
    .onConflict((conflict) => conflict.doUpdateSet({ json: p('json') }).where('snapshots.json', '=', '')),
);

/** Stores `value` unless the same is stored already, and gives its hash. */
export function writeSnapshot(tx: Transaction, kind: Kind, value: object): string {
  const json = JSON.stringify(value);
  const hash = process.getBuiltinModule('node:crypto').hash('sha256', `${kind}\n${json}`);
  tx.run(insertSnapshot, { hash, kind, json });
  return hash;
}
