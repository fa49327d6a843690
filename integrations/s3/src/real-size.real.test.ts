import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import { abortLeftovers } from './leftovers.ts';
import type { S3ArtifactStore } from './s3-artifact-store.ts';
import { argumentsOfTransfer, memoryOfTransfer, moveManyObjects, raceForKey, randomBody } from '@mortise/object-storage/testing';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;
const transfer = fileURLToPath(new URL('./testing/transfer.ts', import.meta.url));

(canStart('s3') ? describe : describe.skip)('an S3 store with work of real size', () => {
  let bucket: RealBucket;
  let store: S3ArtifactStore;
  beforeAll(async () => {
    bucket = await realBucket();
    store = await bucket.open();
  });
  afterAll(() => bucket?.stop());

  it('moves 256 MiB up and down within 256 MiB of memory, and they are the same', async () => {
    const size = 256 * MIB;
    const config = { ...bucket.config, endpoint: bucket.server.url };
    // The 256 MiB of the object cannot have been in memory: an empty process takes 50 MiB, this one with the SDK 80.
    expect(await memoryOfTransfer(transfer, { config, key: 'big/object', size })).toBeLessThan(size);
    expect((await store.stat('big/object'))?.size).toBe(size);
  });

  it('takes, lists, gives and deletes 2,000 objects', () => moveManyObjects(store, 2_000));

  it.each([100, 9 * MIB])('lets one of 16 writers of %i bytes win that race for one key', async (size) => {
    const key = `race/${size}`;
    const writers = await Promise.all(Array.from({ length: 16 }, () => bucket.open({ partSize: 5 * MIB })));
    const { winners, refusals, isWinners } = await raceForKey(writers, key, size);
    expect({ winners, isWinners }).toEqual({ winners: 1, isWinners: true });
    expect(refusals).toEqual(Array(15).fill(expect.objectContaining({ code: 'ARTIFACT_EXISTS' })));
    expect(await bucket.pending()).toEqual([]);
    await Promise.all(writers.map((writer) => writer[Symbol.asyncDispose]()));
  });

  it("leaves no object of a process that is killed, and aborts its upload a day later, but nobody else's", async () => {
    const child = spawn(
      process.execPath,
      argumentsOfTransfer(transfer, { config: { ...bucket.config, endpoint: bucket.server.url }, key: 'killed/object', size: 1024 * MIB }),
      { stdio: 'ignore' },
    );
    while ((await bucket.pending()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await store.stat('killed/object')).toBeUndefined();
    const client = bucket.client();
    await client.startUpload('theirs/object', { mark: 'another program' });
    expect(await abortLeftovers(client, 'ours/', AbortSignal.timeout(60_000), Date.now() + 23 * HOUR_MS)).toBe(0);
    expect(await abortLeftovers(client, 'ours/', AbortSignal.timeout(60_000), Date.now() + 25 * HOUR_MS)).toBe(1);
    expect((await bucket.pending()).map(({ key }) => key)).toEqual(['theirs/object']);
  });

  it('knows no more of a body than what it was given', async () => {
    const { size } = await store.put('unknown/length', randomBody(20 * MIB + 1));
    expect(size).toBe(20 * MIB + 1);
    const announced = store.put('too/short', randomBody(20 * MIB), { size: 20 * MIB + 1 });
    await expect(announced).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(await store.stat('too/short')).toBeUndefined();
  });
});
