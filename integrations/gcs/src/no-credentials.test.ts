import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { linesOf } from '@mortise/object-storage/testing';

import { openStore } from './testing/open-store.ts';
import { serviceAccount } from './testing/service-account.ts';

const path = 'gs://bucket/prefix';
const unasked = (async () => {
  throw new Error('a request was sent');
}) as unknown as typeof fetch;

describe('a GCS store without credentials that it could use', () => {
  const kept = { ...process.env };
  /** In place of the metadata server of a cloud: takes connections, and never says a word. */
  const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mortise-gcs-'));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
    process.env['CLOUDSDK_CONFIG'] = folder;
    process.env['GCE_METADATA_HOST'] = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    process.env = kept;
    silent.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('says so in one line, by every call, and does not wait for a metadata server that is silent', async () => {
    for (const line of await linesOf(await openStore({ path }, unasked)))
      expect(line).toMatch(
        /no credentials are given, and none were found where Google's tools have theirs\. Log in: gcloud auth application-default login/,
      );
  });

  it.each([
    ['no JSON', 'pa55word', /"credentials" is not the JSON text of a key/],
    [
      'of another kind',
      JSON.stringify({ type: 'external_account', token_url: 'http://evil.example' }),
      /"credentials" is not the JSON text of a key/,
    ],
    [
      'cut off',
      serviceAccount({ private_key: '-----BEGIN PRIVATE KEY-----\npa55word\n-----END PRIVATE KEY-----\n' }),
      /the key of the service account cannot be used/,
    ],
  ])('tells of a key that is %s, and does not show it', async (_what, credentials, said) => {
    for (const line of await linesOf(await openStore({ path, credentials }, unasked))) {
      expect(line).toMatch(said);
      expect(line).toContain('--credentials={{secret.NAME.KEY}}');
      expect(line).not.toContain('pa55word');
    }
  });

  it('tells of a file that is not there, or holds no key', async () => {
    const keyFile = join(folder, 'key.json');
    await expect((await openStore({ path, keyFile }, unasked)).stat('x')).rejects.toMatchObject({
      line: expect.stringContaining(`the file ${keyFile} cannot be read (ENOENT)`),
    });
    await writeFile(keyFile, '[]');
    await expect((await openStore({ path, keyFile }, unasked)).stat('x')).rejects.toMatchObject({
      line: expect.stringContaining(`the file ${keyFile} is not the JSON text of a key`),
    });
  });

  it('looks again for a file that was not there, as one that is mounted late', async () => {
    const keyFile = join(folder, 'late.json');
    const store = await openStore({ path, keyFile }, unasked);
    await expect(store.presign!('x', 60)).rejects.toMatchObject({ line: expect.stringContaining('cannot be read (ENOENT)') });
    await writeFile(keyFile, serviceAccount());
    expect(await store.presign!('x', 60)).toMatch(/^https:\/\/storage\.googleapis\.com\/bucket\/prefix\/x\?/);
  });

  it('signs no URL, and says what that needs', async () => {
    await expect((await openStore({ path }, unasked)).presign!('x', 60)).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
  });

  it('signs with the key of a file without asking anybody', async () => {
    const keyFile = join(folder, 'good.json');
    await writeFile(keyFile, serviceAccount());
    const url = await (await openStore({ path, keyFile }, unasked)).presign!('a b', 60);
    expect(url).toMatch(/^https:\/\/storage\.googleapis\.com\/bucket\/prefix\/a%20b\?X-Goog-Algorithm=GOOG4-RSA-SHA256&/);
  });
});
