import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { RunMemory, RunWrites } from '../experiment-tracker/run-memory.ts';
import { LOGS } from '../experiment-tracker/run-paths.ts';
import { FileMemory, type KnownOfRun } from './file-memory.ts';
import { makeRunFolder } from './make-run-folder.ts';
import { CREATE, FILE_VERSION, SCHEMA, UPDATE } from './operations-schema.ts';
import { loadSqlite } from './sqlite.ts';

/** How long another process may hold the file, ms: this one stands still meanwhile. Longer, and it is tried again. */
const PATIENCE_MS = 500;

export interface UploadRequest {
  /** Absolute. */
  source: string;
  destination: string;
  mime: string;
  size: number;
}

/** The file of one run that `neptune sync` sends. Opened when it is needed, anew when that tool has taken it away. */
export class OperationsFile {
  readonly path: string;
  readonly #metadata: { project: string; runId: string };
  #open: { database: DatabaseSync; memory: FileMemory; insert: StatementSync; inode: number } | undefined;

  readonly #printed: Map<string, number>;
  /** What is known of files before this one. */
  #sent: KnownOfRun;

  constructor(path: string, metadata: { project: string; runId: string }, sent: KnownOfRun = {}) {
    this.path = path;
    this.#metadata = metadata;
    this.#sent = sent;
    this.#printed = new Map(sent.steps);
  }

  get memory(): RunMemory {
    const { memory } = this.#opened();
    memory.refresh();
    return memory;
  }

  /** One transaction: all of it is on disk, or nothing. Throws SQLite's errors. */
  write(make: (memory: RunMemory) => RunWrites, uploads: readonly UploadRequest[]): RunWrites {
    const { database, memory, insert } = this.#opened();
    database.exec('BEGIN IMMEDIATE');
    try {
      memory.refresh();
      const writes = make(memory);
      const now = Date.now();
      if (writes.create !== undefined) insert.run(now, CREATE, writes.create, writes.create.length);
      for (const { bytes } of writes.snapshots) insert.run(now, UPDATE, bytes, bytes.length);
      for (const upload of uploads) requestUpload(database, upload);
      memory.note(writes);
      database.exec('COMMIT');
      for (const path of Object.values(LOGS)) this.#noteStep(path, writes.steps?.get(path));
      return writes;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      memory.reload();
      throw error;
    }
  }

  /** Steps of the lines that were printed last: where the file is taken away, another process goes on behind them. */
  get printed(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#printed);
  }

  #noteStep(path: string, step: number | undefined): void {
    if (step !== undefined) this.#printed.set(path, step);
  }

  close(): void {
    this.#open?.database.close();
    this.#open = undefined;
  }

  #opened() {
    const inode = inodeOf(this.path);
    if (this.#open !== undefined && this.#open.inode === inode) return this.#open;
    // What was in it is at Neptune: what follows goes behind that.
    this.#sent = this.#open?.memory.known ?? this.#sent;
    this.close();
    makeRunFolder(dirname(this.path));
    const { DatabaseSync } = loadSqlite();
    const database = new DatabaseSync(this.path, { timeout: PATIENCE_MS });
    try {
      // As the Python client has it: a transaction that was committed survives the machine.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      this.#setUp(database);
      const memory = new FileMemory(database);
      if (!memory.begun) {
        database.exec('BEGIN IMMEDIATE');
        memory.note(this.#sent);
        database.exec('COMMIT');
      }
      const insert = database.prepare(
        'INSERT INTO run_operations (timestamp, operation_type, operation, operation_size_bytes) VALUES (?, ?, ?, ?)',
      );
      return (this.#open = { database, memory, insert, inode: inodeOf(this.path)! });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #setUp(database: DatabaseSync): void {
    database.exec('BEGIN IMMEDIATE');
    database.exec(SCHEMA);
    const { project, runId } = this.#metadata;
    if (database.prepare('SELECT 1 FROM metadata').get() === undefined)
      database.prepare('INSERT INTO metadata (version, project, run_id) VALUES (?, ?, ?)').run(FILE_VERSION, project, runId);
    database.exec('COMMIT');
  }
}

/** Once for each destination: what is there under it is the same file. */
function requestUpload(database: DatabaseSync, { source, destination, mime, size }: UploadRequest): void {
  database.prepare('DELETE FROM file_upload_requests WHERE destination = ?').run(destination);
  database
    .prepare('INSERT INTO file_upload_requests (source_path, destination, mime_type, size_bytes, is_temporary) VALUES (?, ?, ?, ?, 1)')
    .run(source, destination, mime, size);
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
