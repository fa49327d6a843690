import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { linesOf } from '@mortise/object-storage/testing';
import { canStart } from '@mortise/test-servers';

import type { S3ArtifactStoreConfig } from './s3-artifact-store-config.ts';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

(canStart('s3') ? describe : describe.skip)('what an S3 server refuses', () => {
  let bucket: RealBucket;
  beforeAll(async () => {
    bucket = await realBucket();
  });
  afterAll(() => bucket?.stop());

  /** The lines that every call fails with. */
  const lines = async (config: Partial<S3ArtifactStoreConfig>): Promise<string[]> => linesOf(await bucket.open(config));

  it('is told of a bucket that is not there, by every call', async () => {
    for (const line of await lines({ path: 's3://no-such-bucket/x' })) {
      expect(line).toMatch(
        /^ARTIFACT_STORE_FAILED: the artifact store "team" failed .*: there is no bucket "no-such-bucket" at 127\.0\.0\.1:\d+\. Create the bucket/,
      );
    }
  });

  it('is told of a wrong secret, without the secret', async () => {
    for (const line of await lines({ secret: 'pa55word' })) {
      expect(line).toMatch(/the secret does not belong to the access key\. Check the secret/);
      expect(line).not.toContain('pa55word');
    }
  });

  it('is told of an access key that is not known', async () => {
    for (const line of await lines({ key: 'nobody' })) expect(line).toMatch(/knows no such access key\. Check the access key/);
  });

  // How a user is made differs from server to server.
  const withUsers = process.env['MORTISE_TEST_S3_URL'] === undefined ? it : it.skip;
  withUsers('is told of what these credentials may not do', async () => {
    const { accessKeyId: key, secretAccessKey: secret } = await bucket.server.createUser!();
    for (const line of await lines({ key, secret })) expect(line).toMatch(/refuses it to these credentials\. Allow these credentials s3:/);
  });

  it('is nothing of what a check does in a place that is as it should be', async () => {
    const store = await bucket.open();
    await store.check(AbortSignal.timeout(60_000));
    expect(await store.list('')).toEqual({ items: [] });
  });

  it('is a URL that has expired, or was changed', async () => {
    const store = await bucket.open();
    await store.put('signed', Buffer.from('text'));
    const url = await store.presign('signed', 600);
    expect(await (await fetch(url)).text()).toBe('text');
    expect((await fetch(url.replace('signed', 'signet'))).status).toBe(403);
    const short = await store.presign('signed', 1);
    await delay(3_000);
    expect((await fetch(short)).status).toBe(403);
    expect((await fetch(url)).status).toBe(200);
    await expect(store.presign('signed', 8 * 24 * 60 * 60)).rejects.toMatchObject({ message: expect.stringContaining('(a week)') });
  });
});
