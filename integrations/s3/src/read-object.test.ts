import { randomBytes } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import type { GetOptions, OpenObject } from './bucket-client.ts';
import { S3Failure } from './s3-failure.ts';
import { bytesOf } from '@mortise/object-storage/testing';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

/** Each connection ends after so many bytes, in silence or with an error. */
class CuttingClient extends MemoryBucketClient {
  after: number;
  silently: boolean;
  asked: GetOptions[] = [];

  constructor(bucket: MemoryBucket, after: number, silently: boolean) {
    super(bucket);
    this.after = after;
    this.silently = silently;
  }

  override async get(key: string, options: GetOptions): Promise<OpenObject> {
    this.asked.push(options);
    const opened = await super.get(key, options);
    return { ...opened, body: this.cut(opened.body, opened.size) };
  }

  async *cut(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    const bytes = await bytesOf(body);
    if (this.after > 0) yield bytes.subarray(0, this.after);
    if (size > this.after && !this.silently) throw new S3Failure('cut', 'the connection ended');
  }
}

const bytes = randomBytes(2_500);

async function cutting(after: number, silently = false) {
  const bucket = new MemoryBucket();
  await memoryStore(new MemoryBucketClient(bucket)).put('x', bytes);
  const client = new CuttingClient(bucket, after, silently);
  return { client, store: memoryStore(client) };
}

describe('reading an object', () => {
  it.each([true, false])('goes on where the connection ended, and asks for the same object (silently: %j)', async (silently) => {
    const { client, store } = await cutting(1_000, silently);
    expect((await bytesOf(store.get('x', { from: 100, to: 2_400 }))).equals(bytes.subarray(100, 2_400))).toBe(true);
    expect(client.asked.map(({ from, to }) => [from, to])).toEqual([
      [100, 2_400],
      [1_100, 2_400],
      [2_100, 2_400],
    ]);
    expect(client.asked.map(({ etag }) => etag !== undefined)).toEqual([false, true, true]);
  });

  it('gives up when no connection brings a byte', async () => {
    const { client, store } = await cutting(0);
    await expect(bytesOf(store.get('x'))).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(client.asked).toHaveLength(6);
  });

  it('stops waiting for a next try when it is told to', async () => {
    const { store } = await cutting(0);
    await expect(bytesOf(store.get('x', { signal: AbortSignal.timeout(50) }))).rejects.toHaveProperty('name', 'TimeoutError');
  });
});
