import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { ArtifactExists, ArtifactNotFound, ArtifactStoreFailed, checkKey } from '@mortise/core';
import type { ArtifactStore, ArtifactStoreCapabilities, ComponentContext, PutOptions, StoredObject } from '@mortise/core';

import { inChunks } from './chunks.js';
import { inTransaction, openDatabase } from './database.js';
import type { SqliteArtifactStoreConfig } from './sqlite-artifact-store-config.js';

export const SQLITE_CAPABILITIES: ArtifactStoreCapabilities = { createOnly: 'atomic', range: true, reach: 'host', presign: false };

const CHUNK_BYTES = 256 * 1024;

export async function create({ config, name, projectRoot }: ComponentContext<SqliteArtifactStoreConfig>): Promise<SqliteArtifactStore> {
  return new SqliteArtifactStore(name, resolve(projectRoot, config.file));
}

/** Keeps each object in chunks of one size, so that a part of it can be read without the rest. */
export class SqliteArtifactStore implements ArtifactStore {
  readonly capabilities = SQLITE_CAPABILITIES;
  readonly id: string;
  readonly #name: string;
  readonly #file: string;
  readonly #database: DatabaseSync;

  constructor(name: string, file: string) {
    this.#name = name;
    this.#file = file;
    this.#database = this.#asked('to open', () => openDatabase(file));
    this.id = this.#row<{ id: string }>('SELECT id FROM place')!.id;
  }

  async put(key: string, body: AsyncIterable<Uint8Array> | Uint8Array, { createOnly = false, size: announced, signal }: PutOptions = {}) {
    checkKey(key);
    signal?.throwIfAborted();
    if (createOnly && this.#object(key) !== undefined) throw new ArtifactExists({ key });
    const { lastInsertRowid: id } = this.#run('INSERT INTO bodies (begun_at) VALUES (?)', Date.now());
    const digest = createHash('sha256');
    let [size, n] = [0, 0];
    try {
      for await (const chunk of inChunks(body, CHUNK_BYTES, signal)) {
        digest.update(chunk);
        size += chunk.length;
        this.#run('INSERT INTO chunks VALUES (?, ?, ?)', id, n++, chunk);
      }
      if (announced !== undefined && size !== announced)
        throw this.#failed(`to write ${key}`, `${size} bytes came where ${announced} were announced`);
      this.#publish(key, id, size, createOnly);
    } catch (error) {
      this.#removeBody(id);
      throw error;
    }
    return { size, sha256: digest.digest('hex') };
  }

  async *get(key: string, { from = 0, to = Infinity, signal }: { from?: number; to?: number; signal?: AbortSignal } = {}) {
    checkKey(key);
    const object = this.#object(key);
    if (object === undefined) throw new ArtifactNotFound({ what: key });
    const end = Math.min(to, object.size);
    for (let at = from; at < end;) {
      signal?.throwIfAborted();
      const n = Math.floor(at / CHUNK_BYTES);
      const chunk = this.#row<{ bytes: Uint8Array }>('SELECT bytes FROM chunks WHERE body = ? AND n = ?', object.body, n);
      if (chunk === undefined) throw this.#failed(`to read ${key}`, 'it was replaced or deleted meanwhile');
      const part = chunk.bytes.subarray(at - n * CHUNK_BYTES, end - n * CHUNK_BYTES);
      at += part.length;
      yield part;
    }
    signal?.throwIfAborted();
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    checkKey(key);
    const object = this.#object(key);
    return object && { size: object.size, modifiedAt: object.modifiedAt };
  }

  async list(prefix: string, { after = '', limit = 1000 }: { after?: string; limit?: number } = {}) {
    const query = `SELECT key, size, modified_at AS modifiedAt FROM objects
      WHERE key > ? AND key >= ? AND substr(key, 1, length(?)) = ? ORDER BY key LIMIT ?`;
    const found = this.#asked('to list', () => this.#database.prepare(query).all(after, prefix, prefix, prefix, limit + 1));
    const items = found.slice(0, limit).map((row) => ({ ...row }) as unknown as StoredObject);
    return found.length > limit ? { items, next: items.at(-1)!.key } : { items };
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) checkKey(key);
    this.#asked('to delete', () => inTransaction(this.#database, () => keys.forEach((key) => this.#remove(key))));
  }

  uri(key: string): string {
    checkKey(key);
    return `sqlite://${encodeURI(this.#file)}#${encodeURIComponent(key)}`;
  }

  async check(): Promise<void> {
    this.#row('SELECT id FROM place');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database.close();
  }

  /** From here on the body is the object, whole. */
  #publish(key: string, body: SQLInputValue, size: number, createOnly: boolean): void {
    this.#asked(`to write ${key}`, () =>
      inTransaction(this.#database, () => {
        if (createOnly && this.#object(key) !== undefined) throw new ArtifactExists({ key });
        this.#remove(key);
        this.#run('INSERT INTO objects VALUES (?, ?, ?, ?)', key, body, size, Date.now());
      }),
    );
  }

  #object(key: string): { body: number; size: number; modifiedAt: number } | undefined {
    return this.#row('SELECT body, size, modified_at AS modifiedAt FROM objects WHERE key = ?', key);
  }

  #remove(key: string): void {
    const object = this.#object(key);
    if (object === undefined) return;
    this.#run('DELETE FROM objects WHERE key = ?', key);
    this.#removeBody(object.body);
  }

  #removeBody(id: SQLInputValue): void {
    this.#run('DELETE FROM chunks WHERE body = ?', id);
    this.#run('DELETE FROM bodies WHERE id = ?', id);
  }

  #run(statement: string, ...values: SQLInputValue[]) {
    return this.#asked('to write', () => this.#database.prepare(statement).run(...values));
  }

  #row<Row>(query: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#asked('to read', () => this.#database.prepare(query).get(...values)) as Row | undefined;
  }

  /** What SQLite or the file system refuses is told as a failure of this store. */
  #asked<T>(doing: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      const { code, syscall, message } = error as NodeJS.ErrnoException;
      if (code !== 'ERR_SQLITE_ERROR' && syscall === undefined) throw error;
      throw this.#failed(doing, message, error);
    }
  }

  #failed(doing: string, reason: string, cause?: unknown): Error {
    return new ArtifactStoreFailed({ store: this.#name, doing, reason: `${reason} (${this.#file})` }, { cause });
  }
}
