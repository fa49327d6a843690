import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * An object is a key and the number of its body; a body is a number of chunks. A body without an object is being written, or was left by a process that
 * died. Keys are compared byte by byte, which is how SQLite does it anyway.
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS place (id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY AUTOINCREMENT, begun_at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS chunks (body INTEGER NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (body, n));
  CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, body INTEGER NOT NULL UNIQUE, size INTEGER NOT NULL, modified_at INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Opens the file, and makes it when it is not there. */
export function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  // Other processes have the file open as well: wait for them, and let them read while this one writes.
  database.exec('PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  inTransaction(database, () => {
    database.exec(TABLES);
    database.prepare('INSERT INTO place SELECT ? WHERE NOT EXISTS (SELECT 1 FROM place)').run(crypto.randomUUID());
    const left = 'SELECT id FROM bodies WHERE begun_at < ? AND id NOT IN (SELECT body FROM objects)';
    database.prepare(`DELETE FROM chunks WHERE body IN (${left})`).run(Date.now() - DAY_MS);
    database.prepare(`DELETE FROM bodies WHERE id IN (${left})`).run(Date.now() - DAY_MS);
  });
  return database;
}

/** All of it or nothing. `work` must not wait for anything: others could come between. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
