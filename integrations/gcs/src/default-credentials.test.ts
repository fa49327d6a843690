import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Access } from './access.ts';
import { openStore } from './testing/open-store.ts';
import { serviceAccount } from './testing/service-account.ts';

const TOKEN = 'ya29.a-token-of-the-machine';

describe('a GCS store with the credentials of the machine', () => {
  const kept = { ...process.env };
  /** In place of the metadata server of a cloud. */
  const metadata = createServer(({ url = '' }, answer) => {
    answer.setHeader('metadata-flavor', 'Google');
    answer.setHeader('content-type', url.includes('/token') ? 'application/json' : 'application/text');
    answer.end(url.includes('/token') ? JSON.stringify({ access_token: TOKEN, expires_in: 3600, token_type: 'Bearer' }) : 'our-project');
  });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mortise-gcs-'));
    await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
    delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    process.env['CLOUDSDK_CONFIG'] = folder;
    process.env['GCE_METADATA_HOST'] = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    process.env = kept;
    metadata.closeAllConnections();
    metadata.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('sends its token to Google, and nowhere else', async () => {
    const asked: [string, string | null][] = [];
    const google: typeof fetch = async (url, request) => {
      asked.push([new Request(url).url, new Headers(request?.headers).get('authorization')]);
      return Response.json({ name: 'a', size: '4', updated: '2026-01-01T00:00:00Z', generation: '1' });
    };
    const store = await openStore({ path: 'gs://bucket', projectId: 'our-project' }, google);
    expect(await store.stat('a/b')).toEqual({ size: 4, modifiedAt: Date.UTC(2026, 0, 1) });
    await (await openStore({ path: 'gs://bucket', endpoint: 'https://gcs.example.com' }, google)).stat('a');
    expect(asked).toEqual([
      [expect.stringMatching(/^https:\/\/storage\.googleapis\.com\/storage\/v1\/b\/bucket\/o\/a%2Fb\?/), `Bearer ${TOKEN}`],
      [expect.stringMatching(/^https:\/\/gcs\.example\.com\//), null],
    ]);
  });

  it('says that they have expired, or may not do it, and does not show them', async () => {
    const answering =
      (status: number, message: string): typeof fetch =>
      async () =>
        Response.json({ error: { code: status, message, errors: [{ reason: 'x', message }] } }, { status });
    const expired = await openStore({ path: 'gs://bucket', projectId: 'our-project' }, answering(401, `Invalid Credentials ${TOKEN}`));
    const failure = await expired.check(AbortSignal.timeout(60_000)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      line: expect.stringMatching(/to Google Cloud Storage the credentials are not valid, or have expired\. Log in again/),
    });
    expect(String((failure as { line: string }).line)).not.toContain(TOKEN);
    const denied = await openStore({ path: 'gs://bucket', projectId: 'our-project' }, answering(403, 'no storage.objects.create access'));
    await expect(denied.put('a', Buffer.from('x'))).rejects.toMatchObject({
      line: expect.stringMatching(/refuses storage\.objects\.create to these credentials\. Grant/),
    });
  });

  it('says that no token can be had while the network is away, and not that it has none', async () => {
    const file = join(folder, 'application_default_credentials.json');
    await writeFile(file, serviceAccount());
    // Nobody listens there.
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:1';
    try {
      await expect(new Access({ timeoutMs: 30_000 }).headers(AbortSignal.timeout(60_000))).rejects.toMatchObject({
        ...{ kind: 'unreachable', passing: true },
        message: "Google's token service cannot be reached: nothing listens there (ECONNREFUSED)",
      });
    } finally {
      delete process.env['HTTPS_PROXY'];
      await rm(file);
    }
  });

  it('cannot sign, and says what that needs', async () => {
    const store = await openStore({ path: 'gs://bucket', projectId: 'our-project' });
    await expect(store.presign!('a', 60)).rejects.toMatchObject({
      line: expect.stringMatching(
        /these credentials have no private key, which a signed URL needs\. Give the JSON text of a service account's key/,
      ),
    });
  });
});
