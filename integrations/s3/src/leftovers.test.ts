import { describe, expect, it } from '@jest/globals';
import type { Logger } from '@mortise/core';

import { S3Failure } from './s3-failure.ts';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore, silent } from './testing/memory-store.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A bucket with unfinished uploads: ours of two days and of an hour ago, theirs of two days ago. */
function bucketWithLeftovers(): MemoryBucket {
  const bucket = new MemoryBucket();
  const upload = (key: string, age: number) => ({ key, mark: 'm', startedAt: Date.now() - age, parts: new Map() });
  bucket.uploads.set('ours old', upload('ours/a', 2 * DAY_MS));
  bucket.uploads.set('ours young', upload('ours/b', DAY_MS / 24));
  bucket.uploads.set('theirs', upload('theirs/c', 2 * DAY_MS));
  return bucket;
}

async function left(
  bucket: MemoryBucket,
  work: (store: ReturnType<typeof memoryStore>) => Promise<unknown>,
  prefix?: string,
  log: Logger = silent,
) {
  const store = memoryStore(new MemoryBucketClient(bucket), { log, ...(prefix !== undefined && { prefix }) });
  await work(store);
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  await store[Symbol.asyncDispose]();
  return [...bucket.uploads.keys()];
}

describe('uploads that a killed process left', () => {
  it('are aborted after an upload in parts, if they are ours and older than a day, and it is told', async () => {
    const told: string[] = [];
    const put = (store: ReturnType<typeof memoryStore>) => store.put('x', Buffer.alloc(5_000));
    const log = { ...silent, info: (message: string) => void told.push(message) };
    expect(await left(bucketWithLeftovers(), put, undefined, log)).toEqual(['ours young', 'theirs']);
    expect(told).toEqual(['1 unfinished uploads of killed processes were aborted']);
  });

  it('are looked for once', async () => {
    const bucket = bucketWithLeftovers();
    await left(bucket, async (store) => {
      for (const key of ['x', 'y', 'z']) await store.put(key, Buffer.alloc(5_000));
    });
    expect(bucket.calls.filter((call) => call === 'pendingUploads')).toHaveLength(1);
  });

  it('are left alone by who only reads, or puts small objects, or has no prefix of its own', async () => {
    const all = ['ours old', 'ours young', 'theirs'];
    expect(await left(bucketWithLeftovers(), (store) => store.put('x', Buffer.alloc(500)))).toEqual(all);
    expect(await left(bucketWithLeftovers(), (store) => store.put('x', Buffer.alloc(5_000)), '')).toEqual(all);
  });

  it("are nobody's trouble when it is not allowed to look for them", async () => {
    class RefusingClient extends MemoryBucketClient {
      override async *pendingUploads(): AsyncGenerator<never> {
        throw new S3Failure('denied', 'not you');
      }
    }
    const store = memoryStore(new RefusingClient(new MemoryBucket()));
    await store.put('x', Buffer.alloc(5_000));
    await store[Symbol.asyncDispose]();
    expect((await store.stat('x'))?.size).toBe(5_000);
  });
});
