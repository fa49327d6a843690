import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import type { AzureBlobArtifactStore } from './azure-blob-artifact-store.ts';
import { memoryOfTransfer, raceForKey, randomBody } from '@mortise/object-storage/testing';
import { realContainer, type RealContainer } from './testing/real-container.ts';

const MIB = 1024 * 1024;
const transfer = fileURLToPath(new URL('./testing/transfer.ts', import.meta.url));

(canStart('azurite') ? describe : describe.skip)('an Azure Blob store with work of real size', () => {
  let container: RealContainer;
  let store: AzureBlobArtifactStore;
  beforeAll(async () => {
    container = await realContainer();
    store = await container.open();
  });
  afterAll(() => container?.stop());

  it('moves 384 MiB up and down within 320 MiB of memory, and they are the same', async () => {
    const size = 384 * MIB;
    const config = { ...container.config, accountUrl: `${container.server.url}/${container.server.account}` };
    // So the object cannot have been. Of this, the process with the SDK takes 130 MiB, and six blocks 48.
    const limit = 320 * MIB;
    expect(await memoryOfTransfer(transfer, { config, key: 'big/object', size })).toBeLessThan(limit);
    expect((await store.stat('big/object'))?.size).toBe(size);
  });

  it.each([100, 9 * MIB])('lets one of 16 writers of %i bytes win that race for one key', async (size) => {
    const key = `race/${size}`;
    const writers = await Promise.all(Array.from({ length: 16 }, () => container.open({ partSize: 4 * MIB, maxConcurrency: 2 })));
    const { winners, refusals, isWinners } = await raceForKey(writers, key, size);
    expect({ winners, isWinners }).toEqual({ winners: 1, isWinners: true });
    expect(refusals).toEqual(Array(15).fill(expect.objectContaining({ code: 'ARTIFACT_EXISTS' })));
    await Promise.all(writers.map((writer) => writer[Symbol.asyncDispose]()));
  });

  it('knows no more of a body than what it was given', async () => {
    const { size } = await store.put('unknown/length', randomBody(20 * MIB + 1));
    expect(size).toBe(20 * MIB + 1);
    const announced = store.put('too/short', randomBody(20 * MIB), { size: 20 * MIB + 1 });
    await expect(announced).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(await store.stat('too/short')).toBeUndefined();
  });
});
