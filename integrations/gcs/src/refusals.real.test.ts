import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { linesOf } from '@mortise/object-storage/testing';
import { canStart } from '@mortise/test-servers';

import { openStore } from './testing/open-store.ts';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';
import { serviceAccount } from './testing/service-account.ts';

(canStart('gcs') ? describe : describe.skip)('a GCS server', () => {
  let bucket: RealBucket;
  beforeAll(async () => {
    bucket = await realBucket();
  });
  afterAll(() => bucket?.stop());

  it('without the bucket is told of it by every call', async () => {
    for (const line of await linesOf(await bucket.open({ path: 'gs://no-such-bucket/x' }))) {
      expect(line).toMatch(
        /^ARTIFACT_STORE_FAILED: the artifact store "team" failed .*: there is no bucket "no-such-bucket" at 127\.0\.0\.1:\d+\. Create the bucket/,
      );
    }
  });

  it('is left by a check as it was', async () => {
    const store = await bucket.open();
    await store.check(AbortSignal.timeout(60_000));
    expect(await store.list('')).toEqual({ items: [] });
  });

  it('of another address gets no credentials that it was not given', async () => {
    bucket.proxy.forget();
    const store = await bucket.open();
    await store.put('a', Buffer.from('text'));
    await store.stat('a');
    expect(bucket.proxy.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(store.presign).toBeUndefined();
  });

  it('gives the bytes to whoever has a URL that a service account has signed', async () => {
    await (await bucket.open()).put('a b/[0]+é', Buffer.from('text'));
    const store = await openStore({ ...bucket.config, credentials: serviceAccount() });
    expect(store.capabilities.presign).toBe(true);
    const url = new URL(await store.presign!('a b/[0]+é', 60));
    expect(await (await fetch(url)).text()).toBe('text');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
      'X-Goog-Credential': expect.stringMatching(/^mortise@our-project\.iam\.gserviceaccount\.com\/\d{8}\/auto\/storage\/goog4_request$/),
      'X-Goog-Expires': '60',
      'X-Goog-Signature': expect.stringMatching(/^[0-9a-f]{512}$/),
    });
    await expect(store.presign!('a', 8 * 24 * 60 * 60)).rejects.toMatchObject({ message: expect.stringContaining('(a week)') });
  });
});
