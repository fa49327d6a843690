import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  ArtifactExists,
  ArtifactNotFound,
  ArtifactStoreFailed,
  BadArtifactKey,
  FolderNotWritable,
  isError,
  type ArtifactStore,
  type ArtifactStoreCapabilities,
  type ComponentContext,
  type PutOptions,
  type StoredObject,
} from '@mortise/core';

import { fdatasync, read } from './descriptor-calls.ts';
import { listKeys } from './list-keys.ts';
import type { LocalArtifactStoreConfig } from './local-artifact-store-config.ts';
import { StoreFolder, TEMPORARY } from './store-folder.ts';
import { storeIdentity } from './store-identity.ts';
import { isSystemError, reasonOf } from './system-error.ts';
import { BodyFailed, writeBody, type Body } from './write-body.ts';

const DEFAULT_PATH = '.mortise/artifacts';
/** Read in one synchronous call up to this size, in pieces of it beyond. */
const CHUNK_BYTES = 256 * 1024;
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Opens the store in the folder of the config, which is made on first use. Throws `FolderNotWritable`, `ArtifactStoreFailed`. */
export async function create(context: ComponentContext): Promise<LocalArtifactStore> {
  const { path = DEFAULT_PATH } = (context.config ?? {}) as LocalArtifactStoreConfig;
  const folder = resolve(context.projectRoot, path);
  try {
    const id = await storeIdentity(folder);
    const root = realpathSync(folder);
    removeAbandoned(join(root, TEMPORARY));
    return new LocalArtifactStore(context.name, id, root);
  } catch (cause) {
    if (isSystemError(cause, 'EACCES', 'EPERM', 'EROFS')) throw new FolderNotWritable({ folder, reason: reasonOf(cause) }, { cause });
    const reason = isSystemError(cause) ? reasonOf(cause) : (cause as Error).message;
    throw new ArtifactStoreFailed({ store: context.name, doing: `to open ${folder}`, reason }, { cause });
  }
}

/** Artifacts as files in a folder, their keys being the paths. A file appears whole, by a rename, after its bytes have reached the disk. */
export class LocalArtifactStore implements ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities = { createOnly: 'atomic', range: true, reach: 'host', presign: false };
  readonly id: string;
  readonly #name: string;
  readonly #folder: StoreFolder;

  constructor(name: string, id: string, root: string) {
    this.id = id;
    this.#name = name;
    this.#folder = new StoreFolder(root, name);
  }

  /** Writes a small file, as `put` would, and takes it away. Throws `FolderNotWritable`, `ArtifactStoreFailed`. */
  async check(signal?: AbortSignal): Promise<void> {
    let path: string | undefined;
    try {
      path = this.#folder.temporaryPath();
      await writeDurably(path, new Uint8Array([0]), signal);
    } catch (error) {
      const { root } = this.#folder;
      if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS'))
        throw new FolderNotWritable({ folder: root, reason: reasonOf(error) }, { cause: error });
      throw this.#explained(`to write into ${root}`, error);
    } finally {
      if (path !== undefined) removeQuietly(path);
    }
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
    const { createOnly = false, signal } = options;
    const path = this.#folder.pathOf(key);
    signal?.throwIfAborted();
    let temporary: string | undefined;
    try {
      if (createOnly) this.#refuseTaken(key, path);
      temporary = this.#folder.temporaryPath();
      const written = await writeDurably(temporary, body, signal);
      if (options.size !== undefined && options.size !== written.size)
        throw this.#failed(`to write ${key}`, `the body has ${written.size} bytes where ${options.size} were announced`);
      signal?.throwIfAborted();
      this.#publish(key, temporary, path, createOnly);
      await this.#folder.sync(dirname(path));
      return written;
    } catch (error) {
      if (temporary !== undefined) removeQuietly(temporary);
      throw error instanceof BodyFailed ? error.cause : this.#explained(`to write ${key}`, error);
    }
  }

  async *get(key: string, options: { from?: number; to?: number; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { from = 0, to = Infinity, signal } = options;
    const fd = this.#open(key);
    try {
      let at = Math.max(0, from);
      const end = Math.min(to, fstatSync(fd).size);
      const isSmall = end - at <= CHUNK_BYTES;
      while (at < end) {
        signal?.throwIfAborted();
        const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at));
        const length = isSmall ? readSync(fd, chunk, 0, chunk.length, at) : await read(fd, chunk, chunk.length, at);
        if (length === 0) return;
        at += length;
        yield chunk.subarray(0, length);
      }
    } catch (error) {
      throw this.#explained(`to read ${key}`, error);
    } finally {
      closeSync(fd);
    }
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    return this.#stat(key, this.#folder.pathOf(key));
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    const { after = '', limit = 1000 } = options;
    const items: StoredObject[] = [];
    try {
      for await (const key of listKeys(this.#folder.root, prefix, after)) {
        const stats = this.#stat(key, join(this.#folder.root, key));
        if (stats === undefined) continue;
        if (items.length === limit) return limit === 0 ? { items } : { items, next: items[limit - 1]!.key };
        items.push({ key, ...stats });
      }
    } catch (error) {
      throw this.#explained(`to list "${prefix}"`, error);
    }
    return { items };
  }

  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#folder.pathOf(key));
    const failures: unknown[] = [];
    for (const [index, path] of paths.entries()) {
      const key = keys[index]!;
      try {
        if (this.#stat(key, path) === undefined) continue;
        await unlink(path);
      } catch (error) {
        if (!isSystemError(error, 'ENOENT')) {
          // One that cannot be deleted keeps no other.
          failures.push(this.#explained(`to delete ${key}`, error));
          continue;
        }
      }
      this.#removeEmpty(dirname(path));
    }
    if (failures.length > 0) throw failures[0];
  }

  uri(key: string): string {
    return pathToFileURL(this.#folder.pathOf(key)).href;
  }

  localPath(key: string): string {
    return this.#folder.pathOf(key);
  }

  #stat(key: string, path: string): { size: number; modifiedAt: number } | undefined {
    try {
      this.#folder.check(dirname(path));
      const stats = lstatSync(path);
      return stats.isFile() ? { size: stats.size, modifiedAt: stats.mtimeMs } : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#explained(`to look at ${key}`, error);
    }
  }

  #open(key: string): number {
    const path = this.#folder.pathOf(key);
    try {
      this.#folder.check(dirname(path));
      if (!lstatSync(path).isFile()) throw new ArtifactNotFound({ what: key, where: path });
      return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    } catch (error) {
      if (isMissing(error)) throw new ArtifactNotFound({ what: key, where: path }, { cause: error });
      throw this.#explained(`to read ${key}`, error);
    }
  }

  /** Gives a finished file its name. `link` fails where `rename` would replace: of several writers one wins. */
  #publish(key: string, temporary: string, path: string, createOnly: boolean): void {
    for (let tries = 1; ; tries++) {
      try {
        this.#folder.make(dirname(path));
        if (createOnly) linkSync(temporary, path);
        else renameSync(temporary, path);
        break;
      } catch (error) {
        if (isSystemError(error, 'EEXIST') && !isFolder(path)) throw new ArtifactExists({ key }, { cause: error });
        if (isSystemError(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST'))
          throw new BadArtifactKey({ key, reason: 'it is the folder of another key' }, { cause: error });
        if (!isSystemError(error, 'ENOENT') || tries === 20) throw error;
        // A delete found the folder empty and removed it just now.
        this.#folder.forget(dirname(path));
      }
    }
    if (createOnly) removeQuietly(temporary);
  }

  #refuseTaken(key: string, path: string): void {
    if (this.#stat(key, path) !== undefined) throw new ArtifactExists({ key });
  }

  #removeEmpty(folder: string): void {
    for (let at = folder; at !== this.#folder.root; at = dirname(at)) {
      try {
        rmdirSync(at);
      } catch (error) {
        if (isSystemError(error, 'ENOENT')) continue;
        // Somebody put something there, or may not remove it: a folder too many does no harm.
        return;
      }
      this.#folder.forget(at);
    }
  }

  #explained(doing: string, error: unknown): unknown {
    return isSystemError(error) ? this.#failed(doing, reasonOf(error), error) : error;
  }

  #failed(doing: string, reason: string, cause?: unknown): Error {
    return new ArtifactStoreFailed({ store: this.#name, doing, reason }, { cause });
  }
}

/** A new file whose bytes have reached the disk. */
async function writeDurably(path: string, body: Body, signal: AbortSignal | undefined): Promise<{ size: number; sha256: string }> {
  const fd = openSync(path, 'wx');
  try {
    const written = await writeBody(fd, body, signal);
    // Also brings the size there, and leaves out only the times.
    await fdatasync(fd, written.size);
    return written;
  } finally {
    closeSync(fd);
  }
}

/** No object has that key: there is nothing, or an object where the key has a folder. */
function isMissing(error: unknown): boolean {
  return isSystemError(error, 'ENOENT', 'ENOTDIR') || isError(error, BadArtifactKey);
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nobody sees it, and it is removed with the abandoned ones.
  }
}

/** What processes that were killed left behind. */
function removeAbandoned(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (lstatSync(path).mtimeMs < Date.now() - ABANDONED_MS) removeQuietly(path);
    }
  } catch {
    // No such folder yet, or it is not ours to clean.
  }
}
