import { randomUUID } from 'node:crypto';

import {
  ArtifactExists,
  ArtifactNotFound,
  ArtifactStoreFailed,
  BadArtifactKey,
  isMortiseError,
  type ArtifactStore,
  type ArtifactStoreCapabilities,
  type ComponentContext,
  type PutOptions,
  type StoredObject,
} from '@mortise/core';
import { isMlflowError, type MlflowClient, type MlflowError } from '@mortise/mlflow-client';
import { checkByWriting } from '@mortise/object-storage';

import { trackingServer } from '../tracking-server.ts';
import { ArtifactFolder } from './artifact-folder.ts';
import { hashedBody, isWhole, type Body } from './hashed-body.ts';
import { listObjects } from './list-objects.ts';
import type { MlflowArtifactStoreConfig } from './mlflow-artifact-store-config.ts';
import { keepsNone, storeFailure } from './store-failure.ts';
import { storedPath } from './stored-path.ts';

const PROXY = 'api/2.0/mlflow-artifacts/artifacts';
/** Requests of one `delete` that are on their way at once. */
const AT_ONCE = 8;
/** Of servers, for what is not there. */
const MAYBE_MISSING: readonly (number | undefined)[] = [400, 404, 500];

/** Makes the store; asks the server for nothing. Throws `ArtifactStoreFailed`. */
export async function create({
  config,
  name,
  projectRoot,
  fetch: http,
}: ComponentContext<MlflowArtifactStoreConfig>): Promise<MlflowArtifactStore> {
  try {
    const { client } = await trackingServer(config, { projectRoot, fetch: http });
    return new MlflowArtifactStore(name, client, config.path);
  } catch (cause) {
    if (!isMortiseError(cause)) throw cause;
    throw new ArtifactStoreFailed({ store: name, doing: 'to open', reason: cause.message }, { cause });
  }
}

/** Artifacts as files behind a server's artifact proxy, their keys being the paths below a folder of it. A file appears whole: the server sees to that. */
export class MlflowArtifactStore implements ArtifactStore {
  /** Nothing but what every server can: whether it reads ranges is its storage's affair. */
  readonly capabilities: ArtifactStoreCapabilities = { createOnly: 'none', range: false, reach: 'network', presign: false };
  readonly id: string;
  readonly #name: string;
  readonly #server: string;
  readonly #folder: ArtifactFolder;

  /** @param root folder below the server's artifact root */
  constructor(name: string, client: MlflowClient, root: string) {
    const { host, pathname } = new URL(client.trackingUri);
    this.id = `mlflow-artifacts://${host}${pathname.replace(/\/+$/, '')}/${root}`;
    this.#name = name;
    this.#server = client.trackingUri;
    this.#folder = new ArtifactFolder(root, client.artifacts);
  }

  /** `createOnly` refuses a key that is taken when the upload begins; of several writers the last one wins. */
  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
    const { createOnly = false, size, signal } = options;
    const path = storedPath(key);
    signal?.throwIfAborted();
    const doing = `to write ${key}`;
    if (isWhole(body) && size !== undefined && size !== body.byteLength)
      throw this.#failed(doing, `the body has ${body.byteLength} bytes where ${size} were announced`);
    try {
      if (createOnly && (await this.#isFile(path, signal))) throw new ArtifactExists({ key });
      const hashed = hashedBody(body);
      await this.#folder.put(path, hashed.body, { ...(size !== undefined && { size }), ...(signal !== undefined && { signal }) });
      return hashed.result();
    } catch (error) {
      if (isMlflowError(error) && error.status === 500 && (await this.#folder.isNested(path).catch(() => false)))
        throw new BadArtifactKey({ key, reason: 'it is the folder of another key, or has another key as its folder' }, { cause: error });
      throw await this.#explained(doing, error);
    }
  }

  async *get(key: string, options: { from?: number; to?: number; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { from = 0, to, signal } = options;
    const path = storedPath(key);
    signal?.throwIfAborted();
    let isEmpty = true;
    try {
      const range = { from: Math.max(0, from), ...(to !== undefined && { to }), ...(signal !== undefined && { signal }) };
      for await (const chunk of await this.#folder.get(path, range)) {
        isEmpty = false;
        yield chunk;
      }
      // Also what a folder is answered with, by some.
      if (isEmpty && !(await this.#isFile(path, signal))) throw this.#notFound(key);
    } catch (error) {
      if (await this.#isMissing(path, error)) throw this.#notFound(key, error);
      throw await this.#explained(`to read ${key}`, error);
    }
  }

  /** `modifiedAt` is the latest time that it can be: now, of a server that does not tell. */
  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const path = storedPath(key);
    try {
      const facts = await this.#folder.stat(path);
      return facts && { size: facts.size, modifiedAt: facts.modifiedAt ?? Date.now() };
    } catch (error) {
      if (await this.#isMissing(path, error)) return undefined;
      throw await this.#explained(`to look at ${key}`, error);
    }
  }

  /** Without times, which MLflow's listings have not. */
  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    const { after = '', limit = 1000 } = options;
    const items: StoredObject[] = [];
    try {
      for await (const object of listObjects((folder) => this.#folder.list(folder), prefix, after)) {
        if (items.length === limit) return limit === 0 ? { items } : { items, next: items[limit - 1]!.key };
        items.push(object);
      }
    } catch (error) {
      throw await this.#explained(`to list "${prefix}"`, error);
    }
    return { items };
  }

  /** MLflow deletes a folder with all that is in it: nothing is asked for but what is listed as a file. */
  async delete(keys: readonly string[]): Promise<void> {
    const paths = [...new Set(keys.map(storedPath))];
    try {
      const files = await this.#folder.filesAmong(paths);
      const deleteSome = async (): Promise<void> => {
        for (let path = files.pop(); path !== undefined; path = files.pop()) await this.#folder.delete(path);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, deleteSome));
    } catch (error) {
      throw await this.#explained(`to delete ${keys.length === 1 ? keys[0] : `${keys.length} objects`}`, error);
    }
  }

  /** Where a browser finds it, `curl`, and MLflow's own client. */
  uri(key: string): string {
    const segments = [...this.#folder.root.split('/'), ...storedPath(key).split('/')];
    return `${this.#server}/${PROXY}/${segments.map(encodeURIComponent).join('/')}`;
  }

  /** Writes a small object, lists it, reads it and takes it away. */
  async check(signal: AbortSignal): Promise<void> {
    const doing = `its check in the folder ${this.#folder.root}`;
    const path = `mortise-check-${randomUUID()}`;
    const write = (): Promise<void> => this.#folder.put(path, Buffer.from(path), { signal });
    const look = async (): Promise<void> => {
      const read: Uint8Array[] = [];
      for await (const chunk of await this.#folder.get(path, { signal })) read.push(chunk);
      const isThere = Buffer.concat(read).toString() === path && (await this.#isFile(path, signal));
      if (!isThere) throw this.#failed(doing, `${this.#server} has not what was just written. Is it an MLflow tracking server?`);
    };
    try {
      await checkByWriting({ write, look, remove: (within) => this.#folder.delete(path, within) }, signal);
    } catch (error) {
      throw await this.#explained(doing, error);
    }
  }

  async #isFile(path: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#folder.filesAmong([path], signal)).length > 0;
  }

  /** Whether something failed because there is no such file: only a listing says so on every server. */
  async #isMissing(path: string, error: unknown): Promise<boolean> {
    if (!isMlflowError(error) || !MAYBE_MISSING.includes(error.status)) return false;
    return error.kind === 'not-found' || !(await this.#isFile(path).catch(() => true));
  }

  #notFound(key: string, cause?: unknown): Error {
    return new ArtifactNotFound({ what: key, where: this.uri(key) }, { cause });
  }

  #failed(doing: string, reason: string): Error {
    return new ArtifactStoreFailed({ store: this.#name, doing, reason });
  }

  /** The error of Mortise for one of MLflow's; any other as it is. */
  async #explained(doing: string, error: unknown): Promise<unknown> {
    if (!isMlflowError(error)) return error;
    const attempted = { store: this.#name, doing };
    return error.status === 503 && (await this.#keepsNone(error))
      ? keepsNone(attempted, this.#server, error)
      : storeFailure(attempted, error);
  }

  /** A server without artifacts refuses most calls like one that is busy, and says why to who reads one. */
  async #keepsNone(error: MlflowError): Promise<boolean> {
    if (error.kind === 'protocol') return true;
    try {
      await this.#folder.get('mortise-check', { signal: AbortSignal.timeout(5_000) });
      return false;
    } catch (refused) {
      return isMlflowError(refused) && refused.status === 503 && refused.kind === 'protocol';
    }
  }
}
