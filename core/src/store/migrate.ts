import { StoreCorrupt, StoreTooNew } from '../errors.ts';
import { newId } from '../id.ts';
import { initial } from './migrations/0001-initial.ts';
import { openStacks } from './migrations/0002-open-stacks.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { type Param, statement } from './statement.ts';
import type { Transaction } from './transaction.ts';

export interface Migration {
  /** Of the schema after it: 1, 2, 3, ... */
  version: number;
  /** Oldest version of this package that understands the schema after it. */
  minCore: string;
  sql: string;
}

const MIGRATIONS: readonly Migration[] = [initial, openStacks];
const SUPPORTED = MIGRATIONS.at(-1)!.version;

const readMeta = statement((db) => db.selectFrom('meta').select(['store_id', 'schema_version']));
const anyTable = statement((db) => db.selectFrom('sqlite_master').select('name').limit(1));
const insertMeta = statement((db, p: Param<{ storeId: string }>) =>
  db.insertInto('meta').values({ store_id: p('storeId'), schema_version: 0, min_core: '' }),
);
const setVersion = statement((db, p: Param<{ version: number; minCore: string }>) =>
  db.updateTable('meta').set({ schema_version: p('version'), min_core: p('minCore') }),
);

/** Brings the store to the newest schema, each step in one transaction, and gives its id. Throws `StoreTooNew`, `StoreCorrupt`. */
export async function migrate(connection: SqliteConnection, create: boolean): Promise<string> {
  const current = await connection.read((tx) => (tx.hasTable('meta') ? tx.get(readMeta, {}) : undefined));
  if (current?.schema_version === SUPPORTED) return current.store_id;
  if (current === undefined) await connection.write((tx) => begin(tx, connection.path, create));
  for (const migration of MIGRATIONS) await connection.write((tx) => apply(tx, connection.path, migration));
  return connection.read((tx) => tx.get(readMeta, {})!.store_id);
}

/** Another process may have begun it meanwhile. */
function begin(tx: Transaction, path: string, create: boolean): void {
  if (tx.hasTable('meta')) return;
  const other = tx.get(anyTable, {});
  if (other !== undefined) throw new StoreCorrupt({ path, reason: `it is a database of something else (it has "${other.name}")` });
  if (!create) throw new StoreCorrupt({ path, reason: 'it is empty' });
  tx.exec('CREATE TABLE meta (store_id TEXT PRIMARY KEY, schema_version INTEGER NOT NULL, min_core TEXT NOT NULL) STRICT, WITHOUT ROWID');
  tx.run(insertMeta, { storeId: newId() });
}

function apply(tx: Transaction, path: string, migration: Migration): void {
  const { schema_version: version } = tx.get(readMeta, {})!;
  if (version > SUPPORTED) throw new StoreTooNew({ path, version, supported: SUPPORTED });
  if (version >= migration.version) return;
  tx.exec(migration.sql);
  tx.run(setVersion, { version: migration.version, minCore: migration.minCore });
}
