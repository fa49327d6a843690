import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';

import type { ArtifactStore, PutOptions } from '@mortise/core';

import type { ArtifactStoreBackend } from './artifact-store-suite.ts';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;
export type Range = NonNullable<Parameters<ArtifactStore['get']>[1]>;
export type Clause = (claim: string, prove: (place: StorePlace) => Promise<void>) => void;

/** A store in one test. Names are keys without the prefix that is the test's own. */
export class StorePlace {
  readonly store: ArtifactStore;
  readonly backend: ArtifactStoreBackend;
  readonly #prefix = `testkit-${randomUUID()}/`;

  static async open(backend: ArtifactStoreBackend): Promise<StorePlace> {
    return new StorePlace(backend, await backend.create());
  }

  private constructor(backend: ArtifactStoreBackend, store: ArtifactStore) {
    this.backend = backend;
    this.store = store;
  }

  key(name: string): string {
    return this.#prefix + name;
  }

  put(name: string, body: Body | string, options?: PutOptions): Promise<{ size: number; sha256: string }> {
    return this.store.put(this.key(name), typeof body === 'string' ? Buffer.from(body) : body, options);
  }

  async bytes(name: string, range?: Range, store = this.store): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of store.get(this.key(name), range)) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  }

  async text(name: string, range?: Range, store = this.store): Promise<string> {
    return (await this.bytes(name, range, store)).toString();
  }

  async list(
    prefix = '',
    { after, limit }: { after?: string; limit?: number } = {},
  ): Promise<{ names: string[]; next: string | undefined }> {
    const options = { ...(after !== undefined && { after: this.key(after) }), ...(limit !== undefined && { limit }) };
    const { items, next } = await this.store.list(this.key(prefix), options);
    return { names: items.map(({ key }) => this.#nameOf(key)), next: next === undefined ? undefined : this.#nameOf(next) };
  }

  async names(prefix = ''): Promise<string[]> {
    return (await this.list(prefix)).names;
  }

  /** Fails unless the object is there whole, in this instance and in another one. */
  async assertHolds(name: string, bytes: Uint8Array): Promise<void> {
    for (const store of [this.store, await this.backend.create()]) {
      const found = await this.bytes(name, undefined, store);
      assert.equal(found.length, bytes.length, `"${name}" has another length`);
      assert.ok(found.equals(bytes), `"${name}" has other bytes`);
      assert.equal((await store.stat(this.key(name)))?.size, bytes.length, `stat of "${name}" tells another size`);
    }
  }

  /** Fails if anything of the object can be seen. */
  async assertMissing(name: string): Promise<void> {
    for (const store of [this.store, await this.backend.create()]) {
      assert.equal(await store.stat(this.key(name)), undefined, `stat sees "${name}"`);
      const { items } = await store.list(this.key(name));
      assert.deepEqual(items, [], `a list shows "${name}"`);
    }
  }

  async close(): Promise<void> {
    if (this.backend.remove !== undefined) return this.backend.remove();
    const { items } = await this.store.list(this.#prefix);
    await this.store.delete(items.map(({ key }) => key));
  }

  #nameOf(key: string): string {
    assert.ok(key.startsWith(this.#prefix), `the list of "${this.#prefix}" holds "${key}"`);
    return key.slice(this.#prefix.length);
  }
}

/** Bytes that look random and are the same each time. */
export function sampleBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < size; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state & 255;
  }
  return bytes;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes in chunks of these sizes, taken in turn. */
export async function* inChunks(bytes: Uint8Array, ...sizes: number[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
