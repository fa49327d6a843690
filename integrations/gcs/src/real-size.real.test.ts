import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import type { GcsArtifactStore } from './gcs-artifact-store.ts';
import { argumentsOfTransfer, memoryOfTransfer, moveManyObjects, raceForKey, randomBody } from '@mortise/object-storage/testing';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

const MIB = 1024 * 1024;
const PART = MIB / 4;
const transfer = fileURLToPath(new URL('./testing/transfer.ts', import.meta.url));

(canStart('gcs') ? describe : describe.skip)('a GCS store with work of real size', () => {
  let bucket: RealBucket;
  let store: GcsArtifactStore;
  beforeAll(async () => {
    bucket = await realBucket();
    store = await bucket.open({ partSize: PART });
  });
  afterAll(() => bucket?.stop());

  it('moves 128 MiB up and down with less than 96 MiB of memory more than for 1 MiB, and they are the same', async () => {
    const config = { ...bucket.config, endpoint: bucket.server.url, partSize: 2 * MIB };
    const limit = 96 * MIB + (await memoryOfTransfer(transfer, { config, key: 'big/object', size: MIB }));
    expect(await memoryOfTransfer(transfer, { config, key: 'big/object', size: 128 * MIB })).toBeLessThan(limit);
    expect((await store.stat('big/object'))?.size).toBe(128 * MIB);
    await store.delete(['big/object']);
  });

  it('takes, lists, gives and deletes 1,200 objects', () => moveManyObjects(store, 1_200));

  it.each([100, 3 * PART])('lets one of 16 writers of %i bytes win their race for one key, as the server decides it', async (size) => {
    bucket.proxy.forget();
    const key = `race/${size}`;
    const writers = await Promise.all(Array.from({ length: 16 }, () => bucket.open({ partSize: PART })));
    const { winners, refusals, isWinners } = await raceForKey(writers, key, size);
    expect({ winners, isWinners }).toEqual({ winners: 1, isWinners: true });
    expect(refusals).toEqual(Array(15).fill(expect.objectContaining({ code: 'ARTIFACT_EXISTS' })));
    expect(bucket.proxy.count({ method: 'POST', path: 'ifGenerationMatch=0' })).toBe(16);
    expect(bucket.proxy.requests.filter(({ status }) => status === 412)).toHaveLength(15);
  });

  it('leaves no object of a process that is killed', async () => {
    bucket.proxy.forget();
    const object = { config: { ...bucket.config, partSize: 2 * MIB }, key: 'killed/object', size: 1024 * MIB };
    const child = spawn(process.execPath, argumentsOfTransfer(transfer, object), { stdio: 'ignore' });
    while (bucket.proxy.count({ method: 'PUT', path: 'upload_id' }) < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await store.stat('killed/object')).toBeUndefined();
    expect(await store.list('killed/')).toEqual({ items: [] });
  });

  it('knows no more of a body than what it was given', async () => {
    const { size } = await store.put('unknown/length', randomBody(3 * PART));
    expect(size).toBe(3 * PART);
    const announced = store.put('too/short', randomBody(3 * PART), { size: 3 * PART + 1 });
    await expect(announced).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(await store.stat('too/short')).toBeUndefined();
  });
});
