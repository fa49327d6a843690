import { hash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import * as types from 'node:util/types';

import { ArtifactExists, checkKey, isError, type PutOptions } from '@mortise/core';

import type { Body } from '../artifact-store/store-place.ts';
import type { ArtifactStoreMutant } from './artifact-store-mutant.ts';
import { bytesOf, MemoryArtifactStore } from './memory-artifact-store.ts';

const PART_SEEN = 'nobody sees an object, or a part of it, before its put has ended';
const BODY_FAILS = 'a body that fails after 10 bytes leaves nothing, and its error is told';
const ABORTED = 'a signal that is aborted leaves nothing, also while the body hangs';

/** Stores that do something wrong with what is put. */
export const putMutants: ArtifactStoreMutant[] = [
  {
    does: 'loses the last byte of a large object',
    caughtBy: '8388608 bytes come back, put whole and as a stream, and their size and sha256 are told',
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        super.publish(key, bytes.length > 1_000_000 ? bytes.subarray(0, -1) : bytes, options);
      }
    },
  },
  {
    does: 'stores nothing for an empty body',
    caughtBy: '0 bytes come back, put whole and as a stream, and their size and sha256 are told',
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        if (bytes.length > 0) super.publish(key, bytes, options);
      }
    },
  },
  {
    does: 'tells the sha256 of the first chunk only',
    caughtBy: '65537 bytes come back, put whole and as a stream, and their size and sha256 are told',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options?: PutOptions): Promise<{ size: number; sha256: string }> {
        const { size } = await super.put(key, body, options);
        return { size, sha256: hash('sha256', this.memory.objects.get(key)!.bytes.subarray(0, 65_536)) };
      }
    },
  },
  {
    does: 'takes bytes that threads share for a list of numbers',
    caughtBy: 'bytes in memory that threads share come back',
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        const isShared = isWhole(body) && types.isSharedArrayBuffer(body.buffer);
        return super.gather(isShared ? Buffer.from(String(body)) : body, signal);
      }
    },
  },
  {
    does: 'takes an empty chunk for the end',
    caughtBy: 'chunks of odd sizes, and empty ones, come back in their order',
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        return super.gather(isWhole(body) ? body : untilEmpty(body), signal);
      }
    },
  },
  {
    does: 'keeps the chunks themselves, which the body uses again',
    caughtBy: 'a body may use its buffer again for its next chunk',
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        if (isWhole(body)) return super.gather(body, signal);
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        return Buffer.concat(chunks);
      }
    },
  },
  {
    does: 'keeps the array that it was given',
    caughtBy: 'what is done to the bytes after the put, or to those that were read, does not change the object',
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        return isWhole(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : super.gather(body, signal);
      }
    },
  },
  {
    does: 'gives out the array that it keeps',
    caughtBy: 'what is done to the bytes after the put, or to those that were read, does not change the object',
    Store: class extends MemoryArtifactStore {
      override part(bytes: Buffer, from: number, to: number): Buffer {
        return bytes.subarray(from, Math.max(from, to));
      }
    },
  },
  {
    does: 'keeps the first of two puts',
    caughtBy: 'a second put replaces the first',
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer, options: PutOptions): void {
        if (!this.memory.objects.has(key)) super.publish(key, bytes, options);
      }
    },
  },
  {
    does: 'mixes the bytes of two writers',
    caughtBy: 'of writers to one key at the same time one wins whole',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        if (isWhole(body) || options.createOnly || options.signal || this.memory.down) return super.put(key, body, options);
        checkKey(key);
        let whole: Buffer = Buffer.alloc(0);
        for await (const chunk of body) {
          const old = whole.length === 0 ? whole : this.memory.objects.get(key)!.bytes;
          whole = Buffer.concat([whole, chunk]);
          this.memory.objects.set(key, { bytes: Buffer.concat([old, chunk]), modifiedAt: Date.now() });
          await turn();
        }
        return { size: whole.length, sha256: hash('sha256', whole) };
      }
    },
  },
  {
    does: 'ignores createOnly',
    caughtBy: 'createOnly refuses a key that is taken, and leaves what is there',
    Store: class extends MemoryArtifactStore {
      override publish(key: string, bytes: Buffer): void {
        super.publish(key, bytes, {});
      }
    },
  },
  {
    does: 'looks whether a key is taken only before it reads the body',
    caughtBy: 'of 20 writers with createOnly exactly one wins',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        const isTaken = this.memory.objects.has(key);
        return super.put(key, body, { ...options, createOnly: options.createOnly === true && isTaken });
      }
    },
  },
  {
    does: 'tells the writers who lost that they won',
    caughtBy: 'of 20 writers with createOnly exactly one wins',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        const bytes = await bytesOf(body);
        const wasTaken = this.memory.objects.has(key);
        return super.put(key, bytes, options).catch((error: unknown) => {
          if (wasTaken || !isError(error, ArtifactExists)) throw error;
          return { size: bytes.length, sha256: hash('sha256', bytes) };
        });
      }
    },
  },
  {
    does: 'shows an object while it is being put',
    caughtBy: PART_SEEN,
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options?: PutOptions): Promise<{ size: number; sha256: string }> {
        if (isWhole(body) || this.memory.objects.has(key)) return super.put(key, body, options);
        const { memory } = this;
        const chunks = body;
        async function* shown(): AsyncGenerator<Uint8Array> {
          for await (const chunk of chunks) {
            memory.objects.set(key, { bytes: Buffer.from(chunk), modifiedAt: Date.now() });
            yield chunk;
          }
        }
        return super.put(key, shown(), options);
      }
    },
  },
  {
    does: 'removes what is there before it has the new one',
    caughtBy: PART_SEEN,
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        if (!isWhole(body)) for (const key of this.memory.objects.keys()) if (key.endsWith('/old')) this.memory.objects.delete(key);
        return super.gather(body, signal);
      }
    },
  },
  {
    does: 'stores what came before the body failed',
    caughtBy: BODY_FAILS,
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        if (isWhole(body)) return super.gather(body, signal);
        const chunks: Uint8Array[] = [];
        try {
          for await (const chunk of body) chunks.push(Buffer.from(chunk));
        } catch {
          // Kept as it is.
        }
        return Buffer.concat(chunks);
      }
    },
  },
  {
    does: 'throws an error of its own when the body fails, without the cause',
    caughtBy: BODY_FAILS,
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body, signal: AbortSignal | undefined): Promise<Buffer> {
        return super.gather(body, signal).catch(() => {
          throw this.failed('to write', 'something went wrong');
        });
      }
    },
  },
  {
    does: 'leaves an empty object behind when the put is aborted',
    caughtBy: ABORTED,
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        options.signal?.addEventListener('abort', () => this.memory.objects.set(key, { bytes: Buffer.alloc(0), modifiedAt: 0 }));
        return super.put(key, body, options);
      }
    },
  },
  {
    does: 'looks at the signal only when a chunk comes',
    caughtBy: ABORTED,
    Store: class extends MemoryArtifactStore {
      override async gather(body: Body): Promise<Buffer> {
        return super.gather(body, undefined);
      }
    },
  },
  {
    does: 'ignores a signal that was aborted before',
    caughtBy: 'a signal that was aborted before leaves nothing',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        const { signal, ...rest } = options;
        return super.put(key, body, signal?.aborted ? rest : options);
      }
    },
  },
  {
    does: 'takes a body that is shorter than was announced',
    caughtBy: 'a body that is not as long as was announced is refused',
    Store: class extends MemoryArtifactStore {
      override async put(key: string, body: Body, options: PutOptions = {}): Promise<{ size: number; sha256: string }> {
        const { size: _, ...rest } = options;
        return super.put(key, body, rest);
      }
    },
  },
];

function isWhole(body: Body): body is Uint8Array {
  return ArrayBuffer.isView(body);
}

async function* untilEmpty(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    if (chunk.length === 0) return;
    yield chunk;
  }
}
