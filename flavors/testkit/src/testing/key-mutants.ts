import { setImmediate as turn } from 'node:timers/promises';

import { ArtifactNotFound, checkKey, type ArtifactStoreCapabilities, type PutOptions } from '@mortise/core';

import type { Body } from '../artifact-store/store-place.ts';
import type { ArtifactStoreMutant } from './artifact-store-mutant.ts';
import { MemoryArtifactStore, newMemory } from './memory-artifact-store.ts';

const ALL = new MemoryArtifactStore(newMemory()).capabilities;
const URIS = 'each key has a URI of its own, the same in every instance, before and after the put';
const DELETES = 'deleting takes away what was named, and nothing else';
const ODD = 'names with spaces, signs of every kind, letters beyond ASCII, and of 200 bytes are taken as they are';

/** Stores that do something wrong with keys, and with what lies at them. */
export const keyMutants: ArtifactStoreMutant[] = [
  {
    does: 'claims a network that it does not have',
    caughtBy: 'claims what it is tested for',
    Store: class extends MemoryArtifactStore {
      override readonly capabilities: ArtifactStoreCapabilities = { ...ALL, reach: 'network' };
    },
  },
  {
    does: 'caches what it found missing',
    caughtBy: 'what one instance puts and deletes, another one sees at once',
    Store: class extends MemoryArtifactStore {
      readonly #seen = new Map<string, { size: number; modifiedAt: number } | undefined>();
      override async stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined> {
        if (!this.#seen.has(key)) this.#seen.set(key, await super.stat(key));
        return this.#seen.get(key);
      }
      override async put(key: string, body: Body, options?: PutOptions): Promise<{ size: number; sha256: string }> {
        const put = await super.put(key, body, options);
        this.#seen.set(key, { size: put.size, modifiedAt: Date.now() });
        return put;
      }
    },
  },
  {
    does: 'has another id in each instance',
    caughtBy: 'what one instance puts and deletes, another one sees at once',
    Store: class extends MemoryArtifactStore {
      override readonly id: string = crypto.randomUUID();
    },
  },
  {
    does: 'clears the place when an instance is disposed of',
    caughtBy: 'disposing of an instance leaves the objects and the other instances',
    Store: class extends MemoryArtifactStore {
      async [Symbol.asyncDispose](): Promise<void> {
        this.memory.objects.clear();
      }
    },
  },
  {
    does: 'takes keys that lead outside',
    caughtBy: 'the key "a/../b" is refused by every method',
    Store: class extends MemoryArtifactStore {
      override admit(key: string): void {
        if (key !== 'a/../b') checkKey(key);
      }
    },
  },
  {
    does: 'checks keys only when it puts',
    caughtBy: 'the key "../x" is refused by every method',
    Store: class extends MemoryArtifactStore {
      override uri(key: string): string {
        return `memory:///${encodeURIComponent(key.toWellFormed())}`;
      }
    },
  },
  {
    does: 'trims keys',
    caughtBy: ODD,
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        super.publish(key.replace(/\.+$/, 'x'), bytes, options);
      }
    },
  },
  {
    does: 'decodes keys',
    caughtBy: ODD,
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        super.publish(key.replaceAll('%20', ' '), bytes, options);
      }
    },
  },
  {
    does: 'removes an object to make a folder of its key',
    caughtBy: 'a key that is the folder of another, or has another as its folder, harms nothing that is there',
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        for (const other of this.memory.objects.keys()) if (key.startsWith(`${other}/`)) this.memory.objects.delete(other);
        super.publish(key, bytes, options);
      }
    },
  },
  {
    does: 'deletes what is below a key with it',
    caughtBy: DELETES,
    Store: class extends MemoryArtifactStore {
      override async delete(keys: readonly string[]): Promise<void> {
        const below = [...this.memory.objects.keys()].filter((key) => keys.some((one) => key.startsWith(`${one}/`)));
        await super.delete([...keys, ...below]);
      }
    },
  },
  {
    does: 'stops deleting at a key that is missing',
    caughtBy: DELETES,
    Store: class extends MemoryArtifactStore {
      override async delete(keys: readonly string[]): Promise<void> {
        const missing = keys.findIndex((key) => !this.memory.objects.has(key));
        await super.delete(missing === -1 ? keys : keys.slice(0, missing));
      }
    },
  },
  {
    does: 'fails to delete a key that is missing',
    caughtBy: DELETES,
    Store: class extends MemoryArtifactStore {
      override async delete(keys: readonly string[]): Promise<void> {
        for (const key of keys) if (!this.memory.objects.has(key)) throw new ArtifactNotFound({ what: key });
        await super.delete(keys);
      }
    },
  },
  {
    does: 'loses what is put beside a delete',
    caughtBy: 'puts and deletes beside each other lose nothing',
    Store: class extends MemoryArtifactStore {
      override async delete(keys: readonly string[]): Promise<void> {
        const left = [...this.memory.objects].filter(([key]) => !keys.includes(key));
        await turn();
        this.memory.objects.clear();
        for (const [key, object] of left) this.memory.objects.set(key, object);
      }
    },
  },
  {
    does: 'gives the URIs of two keys the same text',
    caughtBy: URIS,
    Store: class extends MemoryArtifactStore {
      override uri(key: string): string {
        return new URL(super.uri(key).replace(/%23.*|%3F.*/, '')).href;
      }
    },
  },
  {
    does: 'gives a URI that holds for one instance',
    caughtBy: URIS,
    Store: class extends MemoryArtifactStore {
      readonly #own = crypto.randomUUID();
      override uri(key: string): string {
        return `${super.uri(key)}?${this.#own}`;
      }
    },
  },
  {
    does: 'gives a local path that leads nowhere',
    caughtBy: 'a local path leads to the bytes; a store that is reached over the network has none',
    Store: class extends MemoryArtifactStore {
      localPath(key: string): string {
        this.admit(key);
        return `/nowhere/${key}`;
      }
    },
  },
  {
    does: 'presigns, though it does not claim to',
    caughtBy: 'no URL is presigned, as none is claimed to be',
    Store: class extends MemoryArtifactStore {
      async presign(key: string): Promise<string> {
        return this.uri(key);
      }
    },
  },
];
