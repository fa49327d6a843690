import { createHash, hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { ArtifactExists, ArtifactNotFound, ArtifactStoreFailed, checkKey, compareKeys } from '@mortise/core';
import type { ArtifactStore, ArtifactStoreCapabilities, ComponentContext, PutOptions, StoredObject } from '@mortise/core';

import type { FlavorNameConfig } from './config.js';
import { untilAborted } from './until-aborted.js';

/** What core has to know. The test checks each claim. */
export const CAPABILITIES: ArtifactStoreCapabilities = { createOnly: 'atomic', range: true, reach: 'host', presign: false };

export async function create({ config, name, projectRoot }: ComponentContext<FlavorNameConfig>): Promise<FlavorNameStore> {
  const folder = resolve(projectRoot, config.folder);
  const store = new FlavorNameStore(name, folder);
  await store.check();
  return store;
}

/** An object is one file: a line with its key, then its bytes. Files are named by the hash of their key, so that any key can be kept. */
export class FlavorNameStore implements ArtifactStore {
  readonly capabilities = CAPABILITIES;
  /** Two components of one place have one id: what was cached from one is found in the other. */
  readonly id: string;
  readonly #name: string;
  readonly #folder: string;

  constructor(name: string, folder: string) {
    this.id = pathToFileURL(folder).href;
    this.#name = name;
    this.#folder = folder;
  }

  /** All or nothing: the bytes go into a draft, which becomes the object in one step. */
  async put(key: string, body: AsyncIterable<Uint8Array> | Uint8Array, { createOnly, size, signal }: PutOptions = {}) {
    const path = this.#pathOf(key);
    const draft = join(this.#folder, `${randomUUID()}.draft`);
    return this.#try(`to write ${key}`, async () => {
      try {
        const written = await writeDraft(draft, key, untilAborted(body, signal));
        if (size !== undefined && written.size !== size)
          throw this.#failed(`to write ${key}`, `${written.size} bytes came where ${size} were announced`);
        // A link is refused where there is a file already: of several writers one wins.
        await (createOnly ? link(draft, path) : rename(draft, path));
        return written;
      } catch (error) {
        throw codeOf(error) === 'EEXIST' ? new ArtifactExists({ key }) : error;
      } finally {
        await rm(draft, { force: true });
      }
    });
  }

  async *get(key: string, { from = 0, to = Infinity, signal }: { from?: number; to?: number; signal?: AbortSignal } = {}) {
    const head = headOf(key).length;
    const object = await this.stat(key);
    if (object === undefined) throw new ArtifactNotFound({ what: key });
    signal?.throwIfAborted();
    if (from >= Math.min(to, object.size)) return;
    yield* createReadStream(this.#pathOf(key), {
      start: head + from,
      end: head + to - 1,
      ...(signal && { signal }),
    }) as AsyncIterable<Uint8Array>;
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const path = this.#pathOf(key);
    return this.#try(`to look at ${key}`, () =>
      this.#unlessMissing(async () => {
        const { size, mtimeMs } = await stat(path);
        return { size: size - headOf(key).length, modifiedAt: mtimeMs };
      }),
    );
  }

  /** Looks into every file: a store with an index does better. */
  async list(prefix: string, { after = '', limit = 1000 }: { after?: string; limit?: number } = {}) {
    const keys = await this.#try('to list', async () => {
      const files = (await readdir(this.#folder)).filter((file) => !file.endsWith('.draft'));
      return Promise.all(files.map((file) => this.#unlessMissing(() => keyIn(join(this.#folder, file)))));
    });
    const found = keys.filter((key) => key !== undefined).filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0);
    found.sort(compareKeys);
    const items: StoredObject[] = [];
    for (const key of found.slice(0, limit)) {
      const object = await this.stat(key);
      if (object !== undefined) items.push({ key, ...object });
    }
    return found.length > limit ? { items, next: found[limit - 1]! } : { items };
  }

  async delete(keys: readonly string[]): Promise<void> {
    const paths = keys.map((key) => this.#pathOf(key));
    await this.#try('to delete', async () => {
      for (const path of paths) await rm(path, { force: true });
    });
  }

  uri(key: string): string {
    return pathToFileURL(this.#pathOf(key)).href;
  }

  /** For `mortise stack validate`: can it be reached? */
  async check(): Promise<void> {
    await this.#try('to open', () => mkdir(this.#folder, { recursive: true }));
  }

  #pathOf(key: string): string {
    checkKey(key);
    return join(this.#folder, hash('sha256', key));
  }

  /** undefined for a file that is not there; but where the whole folder is gone, nothing is known. */
  async #unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await access(this.#folder);
      return undefined;
    }
  }

  /** What the file system refuses is told as a failure of this store. */
  async #try<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw this.#failed(doing, (error as Error).message, error);
    }
  }

  #failed(doing: string, reason: string, cause?: unknown): Error {
    return new ArtifactStoreFailed({ store: this.#name, doing, reason }, { cause });
  }
}

async function writeDraft(path: string, key: string, chunks: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }> {
  const digest = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx');
  try {
    await file.writeFile(headOf(key));
    for await (const chunk of chunks) {
      digest.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return { size, sha256: digest.digest('hex') };
}

/** What a file begins with. */
const headOf = (key: string): Buffer => Buffer.from(`${JSON.stringify(key)}\n`);

async function keyIn(path: string): Promise<string> {
  const file = await open(path);
  try {
    for await (const line of file.readLines({ autoClose: false })) return JSON.parse(line) as string;
    throw new Error(`${path} is empty`);
  } finally {
    await file.close();
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;
