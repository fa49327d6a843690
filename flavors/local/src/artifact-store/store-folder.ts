import { randomUUID } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

import { ArtifactStoreFailed, BadArtifactKey, checkKey } from '@mortise/core';

import { fsync } from './descriptor-calls.ts';
import { isSystemError } from './system-error.ts';

/** What begins an object's write: a folder in the same file system, so that a rename suffices. */
export const TEMPORARY = '.tmp';
export const MARKER = '.mortise-artifact-store';

/** Where keys lie in the folder of a store. Symbolic links in it are never followed, so that no key leads outside. */
export class StoreFolder {
  readonly root: string;
  readonly #store: string;
  readonly #temporary: string;
  /** Names of the files that are being written through this object: its own id and a count. */
  readonly #writer = randomUUID();
  #written = 0;
  /** Folders that were seen to be real ones. */
  readonly #real = new Set<string>();
  /** Folders whose own entry in the folder above is on the disk for sure. */
  readonly #durable = new Set<string>();

  /** @param root absolute, real path of a folder that exists */
  constructor(root: string, store: string) {
    this.root = root;
    this.#store = store;
    this.#temporary = join(root, TEMPORARY);
    this.#real.add(root);
    this.#durable.add(root);
  }

  /** Throws `BadArtifactKey`. */
  pathOf(key: string): string {
    checkKey(key);
    if (key === MARKER || key.startsWith(`${MARKER}/`) || key === TEMPORARY || key.startsWith(`${TEMPORARY}/`))
      throw new BadArtifactKey({ key, reason: 'the store keeps this name for itself' });
    return this.root + sep + (sep === '/' ? key : key.replaceAll('/', sep));
  }

  /** A path for a file that is being written. Makes the folder. */
  temporaryPath(): string {
    this.make(this.#temporary);
    return `${this.#temporary}${sep}${this.#writer}-${this.#written++}`;
  }

  /** Makes a folder and those above it, one at a time: a symbolic link among them must not be walked through. */
  make(folder: string): void {
    if (this.#real.has(folder)) return;
    this.make(dirname(folder));
    try {
      mkdirSync(folder);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    }
    this.check(folder);
  }

  /** Throws unless this and all folders above it, up to the store's own, are real ones; with the system's `ENOENT` if one is missing. */
  check(folder: string): void {
    if (this.#real.has(folder)) return;
    this.check(dirname(folder));
    const stats = lstatSync(folder);
    const key = folder.slice(this.root.length + 1);
    if (stats.isSymbolicLink())
      throw new ArtifactStoreFailed({ store: this.#store, doing: `at ${key}`, reason: 'it is a symbolic link, which is not followed' });
    if (!stats.isDirectory()) throw new BadArtifactKey({ key: `${key}/...`, reason: `"${key}" is an object, so it cannot be a folder` });
    this.#real.add(folder);
  }

  /** A folder is gone, or may be. */
  forget(folder: string): void {
    for (let at = folder; at !== this.root; at = dirname(at)) {
      this.#real.delete(at);
      this.#durable.delete(at);
    }
  }

  /** Brings the entries of a folder to the disk, and those of the folders above it that lead there. */
  async sync(folder: string): Promise<void> {
    const made: string[] = [];
    for (let at = folder; !this.#durable.has(at); at = dirname(at)) made.push(at);
    await Promise.all([folder, ...made.map(dirname)].map(syncFolder));
    for (const one of made) this.#durable.add(one);
  }
}

/** Brings a folder's entries to the disk. Windows has no such thing, and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = openIfThere(folder);
  if (fd === undefined) return;
  try {
    await fsync(fd);
  } catch (error) {
    if (!isSystemError(error, ...NO_FOLDER_SYNC)) throw error;
  } finally {
    closeSync(fd);
  }
}

/** What file systems answer that know no such thing for folders, as some of a network or in user space: they could never be written to. */
const NO_FOLDER_SYNC = ['EINVAL', 'EBADF', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** A folder that was emptied and removed meanwhile has nothing to bring to the disk. */
function openIfThere(folder: string): number | undefined {
  try {
    return openSync(folder, 'r');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
