import { expect, it } from '@jest/globals';

import type { ListPage } from './bucket-client.ts';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

const stop = (): AbortController => new AbortController();

it('a check that is given up in the middle leaves no object', async () => {
  const caller = stop();
  class Stopping extends MemoryBucketClient {
    override async list(...args: Parameters<MemoryBucketClient['list']>): Promise<ListPage> {
      caller.abort(new Error('enough'));
      return super.list(...args);
    }
  }
  const bucket = new MemoryBucket();
  await expect(memoryStore(new Stopping(bucket)).check(caller.signal)).rejects.toThrow('enough');
  expect(bucket.calls).toContain('list');
  expect([...bucket.objects.keys()]).toEqual([]);
});

it('a check that is given up while it writes leaves no object', async () => {
  const caller = stop();
  class Late extends MemoryBucketClient {
    override async put(...args: Parameters<MemoryBucketClient['put']>): Promise<void> {
      await super.put(...args);
      caller.abort(new Error('enough'));
      throw caller.signal.reason;
    }
  }
  const bucket = new MemoryBucket();
  await expect(memoryStore(new Late(bucket)).check(caller.signal)).rejects.toThrow('enough');
  expect([...bucket.objects.keys()]).toEqual([]);
});
