import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';

import {
  ArtifactExists,
  ArtifactNotFound,
  ArtifactStoreFailed,
  BadArtifactKey,
  checkKey,
  compareKeys,
  type ArtifactStore,
  type ArtifactStoreCapabilities,
  type PutOptions,
  type StoredObject,
} from '@mortise/core';

import type { Body, Range } from '../artifact-store/store-place.ts';

/** What the instances of a memory store share. */
export interface Memory {
  id: string;
  objects: Map<string, { bytes: Buffer; modifiedAt: number }>;
  down: boolean;
  bytesRead: number;
}

export function newMemory(): Memory {
  return { id: crypto.randomUUID(), objects: new Map(), down: false, bytesRead: 0 };
}

/** An artifact store that keeps every promise, and nothing longer than the process. Its parts are there to be broken by mutants. */
export class MemoryArtifactStore implements ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities = { createOnly: 'atomic', range: true, reach: 'host', presign: false };
  readonly id: string;
  readonly memory: Memory;

  constructor(memory: Memory) {
    this.id = memory.id;
    this.memory = memory;
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
    this.admit(key);
    await this.reach('to write');
    options.signal?.throwIfAborted();
    const bytes = await this.gather(body, options.signal);
    if (options.size !== undefined && options.size !== bytes.length) throw this.failed('to write', `${bytes.length} bytes came`);
    this.publish(key, bytes, options);
    return { size: bytes.length, sha256: hash('sha256', bytes) };
  }

  async *get(key: string, { from = 0, to = Infinity, signal }: Range = {}): AsyncGenerator<Uint8Array, void, undefined> {
    this.admit(key);
    await this.reach('to read');
    signal?.throwIfAborted();
    const object = this.memory.objects.get(key);
    if (object === undefined) throw new ArtifactNotFound({ what: key });
    const bytes = this.part(object.bytes, from, to);
    this.memory.bytesRead += bytes.length;
    const middle = bytes.length >> 1;
    for (const chunk of [bytes.subarray(0, middle), bytes.subarray(middle)]) if (chunk.length > 0) yield chunk;
  }

  async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
    this.admit(key);
    await this.reach('to look at');
    const object = this.memory.objects.get(key);
    return object && { size: object.bytes.length, modifiedAt: object.modifiedAt };
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<{ items: StoredObject[]; next?: string }> {
    await this.reach('to list');
    const { after = '', limit = 1000 } = options;
    const keys = this.sorted([...this.memory.objects.keys()].filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0));
    const items = keys.slice(0, limit).map((key) => {
      const { bytes, modifiedAt } = this.memory.objects.get(key)!;
      return { key, size: bytes.length, modifiedAt };
    });
    return keys.length > limit ? { items, next: items.at(-1)!.key } : { items };
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.admit(key);
    await this.reach('to delete');
    for (const key of keys) this.memory.objects.delete(key);
  }

  uri(key: string): string {
    this.admit(key);
    return `memory://${this.id}/${key.split('/').map(encodeURIComponent).join('/')}`;
  }

  admit(key: string): void {
    checkKey(key);
  }

  /** A turn of the event loop, as if another host had answered. */
  async reach(doing: string): Promise<void> {
    await turn();
    if (this.memory.down) throw this.failed(doing, 'the memory is gone');
  }

  /** The bytes of a body, or the signal's reason, also while the body hangs. */
  async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => undefined);
    signal?.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
    return Promise.race([bytesOf(body), aborted.promise]);
  }

  publish(key: string, bytes: Buffer, { createOnly = false }: PutOptions): void {
    const { objects } = this.memory;
    if (createOnly && objects.has(key)) throw new ArtifactExists({ key });
    for (const other of objects.keys())
      if (other.startsWith(`${key}/`) || key.startsWith(`${other}/`)) throw new BadArtifactKey({ key, reason: `there is ${other}` });
    objects.set(key, { bytes, modifiedAt: Date.now() });
  }

  part(bytes: Buffer, from: number, to: number): Buffer {
    return Buffer.from(bytes.subarray(from, Math.max(from, to)));
  }

  sorted(keys: string[]): string[] {
    return keys.sort(compareKeys);
  }

  failed(doing: string, reason: string): Error {
    return new ArtifactStoreFailed({ store: 'memory', doing, reason });
  }
}

export async function bytesOf(body: Body): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (ArrayBuffer.isView(body)) chunks.push(Buffer.from(body));
  else for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
