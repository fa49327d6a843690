import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import type { PutObjectOptions } from './bucket-client.ts';
import { S3Failure } from './s3-failure.ts';
import { bytesOf, chunksOf } from '@mortise/object-storage/testing';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

const maybeDone = (failure: S3Failure): S3Failure => Object.assign(failure, { maybeDone: true });
const createOnly = { createOnly: true };

/** Carries every put out, and fails as if the answers had been lost. */
class DeafClient extends MemoryBucketClient {
  failure = new S3Failure('exists', 'there is one');

  override store(...args: Parameters<MemoryBucketClient['store']>): void {
    if (!this.bucket.objects.has(args[0])) super.store(...args);
    throw maybeDone(this.failure);
  }
}

describe('putting a body', () => {
  it('sends what fits into a part whole, and anything longer in parts', async () => {
    const bucket = new MemoryBucket();
    const store = memoryStore(new MemoryBucketClient(bucket));
    await store.put('whole', Buffer.alloc(1_000));
    await store.put('stream', chunksOf(Buffer.alloc(1_000), 7));
    expect(bucket.calls).toEqual(['put', 'put']);
    bucket.calls.length = 0;
    const inParts = ['startUpload', 'putPart', 'putPart', 'putPart', 'putPart', 'completeUpload'];
    await store.put('parts', chunksOf(Buffer.alloc(3_001), 7));
    expect(bucket.calls.slice(0, 6)).toEqual(inParts);
    bucket.calls.length = 0;
    await store.put('bytes', Buffer.alloc(3_001));
    expect(bucket.calls).toEqual(inParts);
  });

  it('has no more parts on their way than it may', async () => {
    let running = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    class CountingClient extends MemoryBucketClient {
      override async putPart(...args: Parameters<MemoryBucketClient['putPart']>) {
        most = Math.max(most, ++running);
        if (running === 4) full.resolve();
        // None ends before as many as may be are on their way, and there is time for one too many.
        await full.promise;
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return super.putPart(...args);
      }
    }
    const bytes = randomBytes(30_500);
    const store = memoryStore(new CountingClient(new MemoryBucket()));
    await store.put('x', chunksOf(bytes, 333));
    expect(most).toBe(4);
    expect((await bytesOf(store.get('x'))).equals(bytes)).toBe(true);
  });

  it.each([500, 5_000])('of %i bytes is told to have won when its own object is what stands in the way', async (size) => {
    const store = memoryStore(new DeafClient(new MemoryBucket()));
    const bytes = randomBytes(size);
    expect(await store.put('x', chunksOf(bytes), createOnly)).toMatchObject({ size });
  });

  it.each([500, 5_000])("of %i bytes is told to have lost when it is somebody else's, the same bytes included", async (size) => {
    const bucket = new MemoryBucket();
    const bytes = randomBytes(size);
    await memoryStore(new MemoryBucketClient(bucket)).put('x', bytes);
    await expect(memoryStore(new DeafClient(bucket)).put('x', bytes, createOnly)).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect(bucket.uploads.size).toBe(0);
  });

  it('says that it cannot tell when nobody can say whose object it is', async () => {
    class SilentClient extends DeafClient {
      override async head(): Promise<undefined> {
        throw new S3Failure('unreachable', 'nobody answers');
      }
    }
    const put = memoryStore(new SilentClient(new MemoryBucket())).put('x', Buffer.from('x'), createOnly);
    await expect(put).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED', message: expect.stringContaining('nobody answers') });
  });

  it('is done when the object is there after all, though every answer was lost', async () => {
    const client = new DeafClient(new MemoryBucket());
    client.failure = new S3Failure('cut', 'the connection ended');
    await memoryStore(client).put('x', Buffer.from('x'));
    client.failure = new S3Failure('no-upload', 'it is not there');
    await memoryStore(client).put('y', randomBytes(5_000));
  });

  it.each([true, false])('whose upload is gone after a conflict is done when its object is there (another has it: %j)', async (another) => {
    const bucket = new MemoryBucket();
    class ConflictingClient extends MemoryBucketClient {
      override async completeUpload(...[key, id, parts, options]: Parameters<MemoryBucketClient['completeUpload']>): Promise<void> {
        if (another) this.store(key, Buffer.from('theirs'), 'theirs');
        else await super.completeUpload(key, id, parts, options);
        // Of the try after the one that was answered with 409.
        throw new S3Failure('no-upload', 'it is not there');
      }
    }
    const put = memoryStore(new ConflictingClient(bucket)).put('x', randomBytes(5_000), createOnly);
    if (another) await expect(put).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    else expect(await put).toMatchObject({ size: 5_000 });
  });

  it('does not look for its object when no try can have been carried out', async () => {
    const bucket = new MemoryBucket();
    class RefusingClient extends MemoryBucketClient {
      override async put(_key: string, _bytes: Uint8Array, _options: PutObjectOptions): Promise<void> {
        throw new S3Failure('exists', 'there is one');
      }
    }
    await expect(memoryStore(new RefusingClient(bucket)).put('x', Buffer.from('x'), createOnly)).rejects.toMatchObject({
      code: 'ARTIFACT_EXISTS',
    });
    expect(bucket.calls).toEqual([]);
  });

  it('hears of a part that fails while the body hangs, and aborts the upload', async () => {
    const bucket = new MemoryBucket();
    class FailingClient extends MemoryBucketClient {
      override async putPart(): Promise<never> {
        throw new S3Failure('denied', 'not you');
      }
    }
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(2_500);
      await new Promise(() => undefined);
    }
    await expect(memoryStore(new FailingClient(bucket)).put('x', hanging())).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(bucket.uploads.size).toBe(0);
  });

  it('has no more parts on their way in all uploads of a store than it has memory for', async () => {
    let running = 0;
    let most = 0;
    const full = Promise.withResolvers<void>();
    class CountingClient extends MemoryBucketClient {
      override async putPart(...args: Parameters<MemoryBucketClient['putPart']>) {
        most = Math.max(most, ++running);
        if (running === 16) full.resolve();
        // None ends before as many as may be are on their way, and there is time for one too many.
        await full.promise;
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return super.putPart(...args);
      }
    }
    const bucket = new MemoryBucket();
    const store = memoryStore(new CountingClient(bucket));
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(`x/${i}`, chunksOf(Buffer.alloc(3_500, i), 333))));
    expect([...bucket.objects.values()].every(({ bytes }) => bytes.length === 3_500)).toBe(true);
    expect(most).toBe(16);
  });

  it('keeps no chunk of a long body', async () => {
    const store = memoryStore(new MemoryBucketClient(new MemoryBucket()));
    let collected = 0;
    const registry = new FinalizationRegistry(() => void collected++);
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 400; i++) {
        const chunk = new Uint8Array(100);
        registry.register(chunk, i);
        yield chunk;
        if (i === 350) await collectGarbage();
      }
    }
    await store.put('x', body());
    expect(collected).toBeGreaterThan(300);
  });
});

async function collectGarbage(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 5; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
