import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  BadUsage,
  FolderNotWritable,
  isMortiseError,
  NodeTooOld,
  StoreBusy,
  StoreCorrupt,
  StoreLeftOpen,
  StoreMissing,
  StoreWriteFailed,
} from '../errors.ts';
import { stillMark } from './still-mark.ts';
import { Transaction } from './transaction.ts';

/** How long a locked store is tried again, seconds. */
const PATIENCE = 30;

/** How long it takes to remove two files, ms. */
const CLOSING_MS = 50;

// Result codes of SQLite (sqlite.org/rescode.html); the low byte of an extended code is the primary one.
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** Those of this process. When it is ended by process.exit(), Node closes none, and the next process has to go through all that was written since. */
const connections = new Set<SqliteConnection>();

function closeAll(): void {
  for (const connection of connections) connection.close();
}

interface OpenDatabase {
  db: DatabaseSync;
  transaction: Transaction;
  /** Of a file that nothing locks for this process: how it was when it was opened. What is read of it holds only if it is still so afterwards. */
  mark?: string;
}

/**
 * One SQLite file. A write is one synchronous BEGIN IMMEDIATE ... COMMIT in which nothing is awaited, so that no other code of this process can
 * run inside it. A lock is not waited for inside SQLite, whose waiting is unfair and blocks the event loop: the whole transaction is tried again
 * after a short awaited pause.
 */
export class SqliteConnection {
  readonly path: string;
  #open: OpenDatabase;

  private constructor(path: string, open: OpenDatabase) {
    this.path = path;
    this.#open = open;
    if (connections.size === 0) process.once('exit', closeAll);
    connections.add(this);
  }

  /**
   * Where this process may not write, it can be read.
   * @throws StoreMissing, StoreLeftOpen, StoreCorrupt, FolderNotWritable, StoreBusy; `StoreMissing` not with `create`
   */
  static async open(path: string, create: boolean): Promise<SqliteConnection> {
    if (!create && isMissing(path)) throw new StoreMissing({ path });
    return patiently(path, () => new SqliteConnection(path, openFile(path, create)));
  }

  /** Runs `work` as one transaction, all or nothing. It may run more than once, and must not await. Throws `StoreBusy` after `patience` seconds. */
  async write<T>(work: (tx: Transaction) => T, patience = PATIENCE): Promise<T> {
    return patiently(this.path, () => this.#once('BEGIN IMMEDIATE', work), patience);
  }

  /** Runs `work`, which only reads, on one snapshot of the store. It may run more than once. */
  async read<T>(work: (tx: Transaction) => T): Promise<T> {
    return patiently(this.path, () => {
      for (;;) {
        try {
          return this.#once('BEGIN', work);
        } catch (error) {
          if (!this.#isOvertaken()) throw error;
          const open = openFile(this.path, false);
          this.#open.db.close();
          this.#open = open;
        }
      }
    });
  }

  close(): void {
    if (this.#open.db.isOpen) this.#open.db.close();
    connections.delete(this);
    if (connections.size === 0) process.off('exit', closeAll);
  }

  #once<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: (tx: Transaction) => T): T {
    const { db, transaction } = this.#open;
    if (!db.isOpen)
      throw new BadUsage({
        what: `the store ${this.path} was closed while it was in use`,
        advice: 'Await the calls of a Client before its close().',
      });
    db.exec(begin);
    let result: T;
    try {
      result = work(transaction);
      if (this.#isOvertaken()) throw new Error('the store was written to meanwhile');
      db.exec('COMMIT');
    } catch (error) {
      transaction.forget();
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
    transaction.committed();
    return result;
  }

  #isOvertaken(): boolean {
    const { db, mark } = this.#open;
    return mark !== undefined && db.isOpen && stillMark(this.path) !== mark;
  }
}

/** `mayClose`: somebody may be closing the store just now, who removes its files one after the other. */
function openFile(path: string, create: boolean, mayClose = true): OpenDatabase {
  try {
    return openShared(path);
  } catch (error) {
    const code = resultCode(error);
    // SQLite needs files beside a store to read it beside others, and may not make them here.
    if (create || (code !== READONLY && code !== CANTOPEN) || !isOnlyReadable(path)) throw error;
    const mark = stillMark(path);
    if (mark !== undefined) return { ...openStill(path), mark };
    if (!mayClose) throw new StoreLeftOpen({ path, folder: dirname(path) }, { cause: error });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CLOSING_MS);
    return openFile(path, create, false);
  }
}

function openShared(path: string): OpenDatabase {
  const db = new (loadSqlite().DatabaseSync)(path, { timeout: 0 });
  try {
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16000000; PRAGMA wal_autocheckpoint = 4000',
    );
    return { db, transaction: new Transaction(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Without locks. */
function openStill(path: string): OpenDatabase {
  const url = pathToFileURL(path);
  url.search = 'immutable=1';
  const db = new (loadSqlite().DatabaseSync)(url, { readOnly: true });
  return { db, transaction: new Transaction(db) };
}

function isMissing(path: string): boolean {
  const reason = accessDenied(path, constants.F_OK);
  return reason === 'ENOENT' || reason === 'ENOTDIR';
}

function isOnlyReadable(path: string): boolean {
  return accessDenied(path, constants.R_OK) === undefined && accessDenied(dirname(path), constants.W_OK | constants.X_OK) !== undefined;
}

/** Node 22 prints an ExperimentalWarning when the module is first loaded. Synchronous, so no other warning is caught by this. */
function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const sqlite = process.getBuiltinModule('node:sqlite') as typeof import('node:sqlite') | undefined;
    if (sqlite === undefined) throw new NodeTooOld({ version: process.version });
    return sqlite;
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function patiently<T>(path: string, once: () => T, patience = PATIENCE): Promise<T> {
  let deadline: number | undefined;
  for (let tries = 0; ; tries++) {
    try {
      return once();
    } catch (error) {
      const code = resultCode(error);
      if (code !== BUSY) throw explained(path, code, error);
      deadline ??= performance.now() + patience * 1000;
      if (performance.now() > deadline) throw new StoreBusy({ path, seconds: patience }, { cause: error });
    }
    await pause((1 + 4 * Math.random()) * Math.min(1 + tries / 100, 4));
  }
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || isMortiseError(error)) return undefined;
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}

function explained(path: string, code: number | undefined, error: unknown): unknown {
  const reason = (error as { message?: string }).message ?? '';
  // What columns hold as JSON is all that is parsed in a transaction.
  if ((error as Error).name === 'SyntaxError')
    return new StoreCorrupt({ path, reason: `a value in it is damaged (${reason})` }, { cause: error });
  if (code === CORRUPT || code === NOTADB) return new StoreCorrupt({ path, reason }, { cause: error });
  if (code === CANTOPEN || code === READONLY) {
    const folder = dirname(path);
    const denied =
      accessDenied(folder, constants.W_OK | constants.X_OK) ?? (existsSync(path) ? accessDenied(path, constants.W_OK) : undefined);
    if (denied !== undefined) return new FolderNotWritable({ folder, reason: denied }, { cause: error });
    return new StoreWriteFailed({ path, reason }, { cause: error });
  }
  if (code === FULL) return new StoreWriteFailed({ path, reason }, { cause: error });
  // On a full disk SQLite cannot make its shared memory either, and calls that an I/O error.
  if (code === IOERR) return new StoreWriteFailed({ path, reason: isFull(path) ? 'no space is left' : reason }, { cause: error });
  return error;
}

function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail === 0;
  } catch {
    return false;
  }
}

/** The system's code for why `path` cannot be used so, e.g. `EACCES`; undefined when it can. */
function accessDenied(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? 'denied';
  }
}
