import { randomUUID } from 'node:crypto';

import type { ArtifactStore, ArtifactStoreCapabilities, PutOptions, StoredObject } from '@mortise/core';
import { checkByWriting } from '@mortise/object-storage';

import type { Access } from './access.ts';
import type { BlobContainer } from './blob-container.ts';
import { BlobFailure, isBlobFailure } from './blob-failure.ts';
import { blobName, identityOf, uriOf, type BlobPlace } from './blob-place.ts';
import type { Body } from './body-chunks.ts';
import { explained } from './explain.ts';
import { BlobList } from './list-blobs.ts';
import { putBlob, type PutSettings, type Written } from './put-blob.ts';
import { readBlob } from './read-blob.ts';

/** Most that is listed when nothing else is asked for. */
const LIMIT = 1000;
/** Requests at once of one delete: Azure takes single blobs. */
const DELETES = 32;

export interface AzureBlobStoreOptions {
  /** Of the component, for messages. */
  name: string;
  place: BlobPlace;
  access: Access;
  put: PutSettings;
}

/** Artifacts as block blobs of a container, their keys below a prefix. */
export class AzureBlobArtifactStore implements ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities;
  readonly id: string;
  /** A URL that works for so many seconds. Only there with the account's key, which signs it. */
  readonly presign?: (key: string, seconds: number) => Promise<string>;
  readonly #container: BlobContainer;
  readonly #list: BlobList;
  readonly #options: AzureBlobStoreOptions;

  constructor(container: BlobContainer, options: AzureBlobStoreOptions) {
    const signs = options.access.sharedKey !== undefined;
    this.capabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: signs };
    this.id = identityOf(options.place, options.access.url);
    if (signs) this.presign = (key, seconds) => this.#presign(key, seconds);
    this.#container = container;
    this.#list = new BlobList(container);
    this.#options = options;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<Written> {
    const name = this.#name(key);
    options.signal?.throwIfAborted();
    try {
      return await putBlob(this.#container, name, body, options, this.#options.put);
    } catch (error) {
      throw this.#explained(`to write ${key}`, error, key);
    }
  }

  async *get(key: string, options: { from?: number; to?: number; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { from = 0, to, signal } = options;
    const name = this.#name(key);
    signal?.throwIfAborted();
    try {
      if (to !== undefined && to <= from) {
        if ((await this.#container.head(name, signal)) === undefined) throw new BlobFailure('not-found', 'there is no such blob');
        return;
      }
      yield* readBlob(this.#container, name, { from: Math.max(0, from), to, signal });
    } catch (error) {
      throw this.#explained(`to read ${key}`, error, key);
    }
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    const name = this.#name(key);
    try {
      const facts = await this.#container.head(name, undefined);
      return facts && { size: facts.size, modifiedAt: facts.modifiedAt };
    } catch (error) {
      throw this.#explained(`to look at ${key}`, error, key);
    }
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    const { after = '', limit = LIMIT } = options;
    const ours = this.#options.place.prefix;
    try {
      const page = await this.#list.read(ours + prefix, after === '' ? '' : ours + after, limit);
      const items = page.items.map((item) => ({ ...item, key: item.key.slice(ours.length) }));
      return page.more ? { items, next: items.at(-1)!.key } : { items };
    } catch (error) {
      throw this.#explained(`to list "${prefix}"`, error);
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    const names = [...new Set(keys.map((key) => this.#name(key)))];
    let refused: Error | undefined;
    try {
      for (let at = 0; at < names.length; at += DELETES) {
        const ends = await Promise.allSettled(names.slice(at, at + DELETES).map((name) => this.#delete(name, undefined)));
        for (const end of ends) {
          if (end.status === 'fulfilled') continue;
          // One that cannot be deleted keeps no other, as a server that cannot be asked does.
          if (!isBlobFailure(end.reason, 'leased', 'refused', 'denied')) throw end.reason;
          refused ??= end.reason;
        }
      }
      if (refused !== undefined) throw refused;
    } catch (error) {
      throw this.#explained(`to delete ${keys.length === 1 ? keys[0] : `${keys.length} objects`}`, error);
    }
  }

  uri(key: string): string {
    return uriOf(this.#options.place, this.#name(key));
  }

  /** Writes a small blob, sees that it is not written again, lists it, reads it and takes it away. */
  async check(signal: AbortSignal): Promise<void> {
    const key = `mortise-check-${randomUUID()}`;
    const name = this.#name(key);
    const write = (): Promise<unknown> => putBlob(this.#container, name, Buffer.from(key), { createOnly: true, signal }, this.#options.put);
    const look = (): Promise<void> => this.#checkBlob(name, write, signal);
    try {
      await checkByWriting({ write, look, remove: (within) => this.#delete(name, within) }, signal);
    } catch (error) {
      throw this.#explained(`its check in ${uriOf(this.#options.place, this.#options.place.prefix)}`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#container.close();
  }

  async #checkBlob(name: string, putAgain: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const again = await putAgain().then(
      () =>
        new BlobFailure(
          'not-azure',
          'it overwrites a blob although "If-None-Match: *" forbids it: of several writers more than one would win',
        ),
      (error: unknown) => error,
    );
    if (!isBlobFailure(again, 'exists')) throw again;
    const { items } = await this.#list.read(name, '', 1, signal);
    if (items[0]?.key !== name) throw new BlobFailure('not-azure', 'a blob that was just written is not listed');
    for await (const _ of readBlob(this.#container, name, { from: 0, to: undefined, signal }));
  }

  async #delete(name: string, signal: AbortSignal | undefined): Promise<void> {
    const blob = this.#container.blob(name);
    await this.#container
      .ask(signal, (abortSignal) => blob.delete({ deleteSnapshots: 'include', abortSignal }))
      .catch((error: unknown) => {
        if (!isBlobFailure(error, 'not-found')) throw error;
      });
  }

  async #presign(key: string, seconds: number): Promise<string> {
    const name = this.#name(key);
    if (seconds >= 1) return this.#container.presign(name, seconds);
    throw this.#explained(
      `to sign a URL of ${key}`,
      new BlobFailure('refused', `a URL can be signed for a second or more, not for ${seconds}`),
    );
  }

  #name(key: string): string {
    return blobName(this.#options.place, key);
  }

  #explained(doing: string, error: unknown, key?: string): unknown {
    const { name: store, place, access } = this.#options;
    return explained({ store, by: access.by, doing, ...(key !== undefined && { key, where: uriOf(place, blobName(place, key)) }) }, error);
  }
}
