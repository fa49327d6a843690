import { expect, it } from '@jest/globals';

import { S3Failure, type FailureKind } from './s3-failure.ts';
import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

const keys = Array.from({ length: 2_500 }, (_, at) => `k${at}`);

/** Deletes nothing of what `k0` is asked for with. */
class HoldingClient extends MemoryBucketClient {
  kind: FailureKind = 'denied';

  override async delete(some: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.reach('delete', signal);
    if (some.includes('ours/k0')) throw new S3Failure(this.kind, 'it is locked');
  }
}

it('an object that cannot be deleted keeps no other, and is told at the end', async () => {
  const bucket = new MemoryBucket();
  const deleting = memoryStore(new HoldingClient(bucket)).delete(keys);
  await expect(deleting).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED', message: expect.stringContaining('it is locked') });
  expect(bucket.calls).toEqual(['delete', 'delete', 'delete']);
});

it('a server that does not answer is not asked for the others', async () => {
  const bucket = new MemoryBucket();
  const client = new HoldingClient(bucket);
  client.kind = 'unreachable';
  await expect(memoryStore(client).delete(keys)).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
  expect(bucket.calls).toEqual(['delete']);
});
