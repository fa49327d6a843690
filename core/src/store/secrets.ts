import { ChangedMeanwhile, NameTaken, UnknownSecret } from '../errors.ts';
import type { Page, SecretQuery } from './queries.ts';
import type { SecretRecord } from './stack-data.ts';
import { decodeCursor, encodeCursor, limitOf, pageOf } from './page.ts';
import { type Param, statement } from './statement.ts';
import type { StoreDb } from './store-db.ts';
import type { Tables } from './tables.ts';
import type { Transaction } from './transaction.ts';

type Row = Tables['secrets'];

const byName = statement((db, p: Param<{ name: string }>) => db.selectFrom('secrets').selectAll().where('name', '=', p('name')));
const insertSecret = statement((db, p: Param<Row>) =>
  db.insertInto('secrets').values({
    name: p('name'),
    keys: p('keys'),
    sealed: p('sealed'),
    key_id: p('key_id'),
    created_at: p('created_at'),
    updated_at: p('updated_at'),
  }),
);
const replaceSecret = statement((db, p: Param<Row>) =>
  db
    .updateTable('secrets')
    .set({ keys: p('keys'), sealed: p('sealed'), key_id: p('key_id'), updated_at: p('updated_at') })
    .where('name', '=', p('name')),
);
const removeSecret = statement((db, p: Param<{ name: string }>) => db.deleteFrom('secrets').where('name', '=', p('name')));
/** No name comes before ''. */
const secretList = statement((db, p: Param<{ name: string; last: string; limit: number }>) =>
  db
    .selectFrom('secrets')
    .selectAll()
    .where((eb) => eb(eb.fn<number>('instr', ['name', eb.val(p('name'))]), '>', 0))
    .where('name', '>', p('last'))
    .orderBy('name')
    .limit(p('limit')),
);
const names = statement((db) => db.selectFrom('secrets').select('name').orderBy('name').limit(1000));

export function createSecret(store: StoreDb, secret: SecretRecord): Promise<void> {
  return store.connection.write((tx) => {
    const holder = tx.get(byName, secret);
    if (holder?.sealed === secret.sealed) return;
    if (holder !== undefined) throw new NameTaken({ kind: 'secret', name: secret.name });
    tx.run(insertSecret, rowOf(secret));
  });
}

export function updateSecret(store: StoreDb, secret: SecretRecord, seen: string): Promise<void> {
  return store.connection.write((tx) => {
    const { sealed } = existingSecret(tx, secret.name);
    if (sealed === secret.sealed) return;
    if (sealed !== seen) throw new ChangedMeanwhile({ kind: 'secret', name: secret.name });
    tx.run(replaceSecret, rowOf(secret));
  });
}

export function secret(store: StoreDb, name: string): Promise<SecretRecord | undefined> {
  return store.connection.read((tx) => {
    const row = tx.get(byName, { name });
    return row && secretRecord(row);
  });
}

/** By name. */
export function secrets(store: StoreDb, query: SecretQuery): Promise<Page<SecretRecord>> {
  const { name = '', after } = query;
  const limit = limitOf(query);
  return store.connection.read((tx) => {
    const [last = ''] = after === undefined ? [] : (decodeCursor('secret', after, 1) as [string]);
    const rows = tx.all(secretList, { name, last, limit: limit + 1 });
    return pageOf(rows, limit, secretRecord, (row) => encodeCursor('secret', [row.name]));
  });
}

export function deleteSecret(store: StoreDb, name: string): Promise<void> {
  return store.connection.write((tx) => {
    existingSecret(tx, name);
    tx.run(removeSecret, { name });
  });
}

/** Throws `UnknownSecret`. */
function existingSecret(tx: Transaction, name: string): Row {
  const row = tx.get(byName, { name });
  if (row !== undefined) return row;
  throw new UnknownSecret({ name, known: tx.all(names, {}).map((each) => each.name) });
}

function rowOf({ name, keys, sealed, keyId, createdAt, updatedAt }: SecretRecord): Row {
  return { name, keys: JSON.stringify(keys), sealed, key_id: keyId, created_at: createdAt, updated_at: updatedAt ?? null };
}

function secretRecord({ name, keys, sealed, key_id: keyId, created_at: createdAt, updated_at: updatedAt }: Row): SecretRecord {
  return { name, keys: JSON.parse(keys) as string[], sealed, keyId, createdAt, ...(updatedAt !== null && { updatedAt }) };
}
