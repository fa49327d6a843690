import { describe, expect, it } from '@jest/globals';

import type { Part } from './bucket-client.ts';
import { S3Failure } from './s3-failure.ts';
import { chunksOf } from '@mortise/object-storage/testing';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

type Args<Name extends 'putPart' | 'startUpload' | 'abortUpload'> = Parameters<MemoryBucketClient[Name]>;
const never = new Promise<never>(() => undefined);

/** Its parts are on their way until they are cut off, but for one that is refused when `refuse` is called. */
class SlowClient extends MemoryBucketClient {
  readonly begun = Promise.withResolvers<void>();
  readonly refused = Promise.withResolvers<never>();

  override async putPart(...[, , number, , signal]: Args<'putPart'>): Promise<Part> {
    signal.throwIfAborted();
    if (number === 3) this.begun.resolve();
    const cutOff = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    return number === 2 ? Promise.race([cutOff, this.refused.promise]) : cutOff;
  }

  refuse(): void {
    this.refused.reject(new S3Failure('denied', 'not you'));
  }
}

const large = Buffer.alloc(3_500);
async function* hanging(): AsyncGenerator<Uint8Array> {
  yield large;
  await never;
}
const BODIES: [string, () => Uint8Array | AsyncGenerator<Uint8Array>][] = [
  ['bytes', () => large],
  ['a stream', () => chunksOf(large)],
  ['a stream that hangs', hanging],
];

describe('an upload in parts', () => {
  it.each(BODIES)(
    'of %s that is stopped while parts are on their way is aborted, and again when these may have arrived',
    async (_, body) => {
      const bucket = new MemoryBucket();
      const client = new SlowClient(bucket);
      const store = memoryStore(client);
      const stop = new AbortController();
      const put = store.put('x', body(), { signal: stop.signal });
      await client.begun.promise;
      stop.abort(new Error('enough'));
      await expect(put).rejects.toThrow('enough');
      await store[Symbol.asyncDispose]();
      expect(bucket.calls.filter((call) => call === 'abortUpload')).toHaveLength(3);
      expect(bucket.uploads.size).toBe(0);
    },
  );

  it.each<[string, (bytes: Buffer) => Uint8Array | AsyncGenerator<Uint8Array>]>([
    ['bytes', (bytes) => bytes],
    ['a stream', (bytes) => chunksOf(bytes)],
  ])('of %s of which a part is refused goes on with none of the others', async (_, body) => {
    const bucket = new MemoryBucket();
    class RefusingClient extends MemoryBucketClient {
      override async putPart(...args: Args<'putPart'>): Promise<Part> {
        await this.reach('putPart', args[4]);
        throw new S3Failure('denied', 'not you');
      }
    }
    await expect(memoryStore(new RefusingClient(bucket)).put('x', body(Buffer.alloc(100_000)))).rejects.toThrow('not you');
    expect(bucket.calls.filter((call) => call === 'putPart').length).toBeLessThan(10);
  });

  it.each(BODIES)('of %s of which a part is refused is aborted, and again, before that is told', async (_, body) => {
    const bucket = new MemoryBucket();
    const client = new SlowClient(bucket);
    const put = memoryStore(client).put('x', body());
    await client.begun.promise;
    client.refuse();
    await expect(put).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(bucket.calls.filter((call) => call === 'abortUpload')).toHaveLength(3);
    expect(bucket.uploads.size).toBe(0);
  });

  it('whose parts all arrived before its body failed is aborted once', async () => {
    const bucket = new MemoryBucket();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield large;
      while (bucket.uploads.get('1')?.parts.size !== 3) await new Promise((resolve) => setImmediate(resolve));
      // Who sent the last one has not heard of it yet.
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
      throw new Error('the source is gone');
    }
    await expect(memoryStore(new MemoryBucketClient(bucket)).put('x', failing())).rejects.toThrow('the source is gone');
    expect(bucket.calls.filter((call) => call === 'abortUpload')).toHaveLength(1);
  });

  it('that is stopped while it begins is taken away as soon as its id is known; who stopped it does not wait', async () => {
    const bucket = new MemoryBucket();
    const sent = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    class SlowToBegin extends MemoryBucketClient {
      override async startUpload(...args: Args<'startUpload'>): Promise<string> {
        const id = await super.startUpload(...args);
        sent.resolve();
        await answer.promise;
        return id;
      }
    }
    const store = memoryStore(new SlowToBegin(bucket));
    const stop = new AbortController();
    const put = store.put('x', large, { signal: stop.signal });
    await sent.promise;
    stop.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    expect(bucket.uploads.size).toBe(1);
    answer.resolve();
    await store[Symbol.asyncDispose]();
    expect(bucket.uploads.size).toBe(0);
  });

  it('that is stopped ends at once although the server says nothing to its abort, and a closed store has seen to it', async () => {
    const bucket = new MemoryBucket();
    const answer = Promise.withResolvers<void>();
    class SlowToAbort extends SlowClient {
      override async abortUpload(...args: Args<'abortUpload'>): Promise<void> {
        await answer.promise;
        return super.abortUpload(...args);
      }
    }
    const client = new SlowToAbort(bucket);
    const store = memoryStore(client);
    const stop = new AbortController();
    const put = store.put('x', large, { signal: stop.signal });
    await client.begun.promise;
    stop.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    expect(bucket.uploads.size).toBe(1);
    const closed = store[Symbol.asyncDispose]();
    answer.resolve();
    await closed;
    expect(bucket.uploads.size).toBe(0);
  });
});
