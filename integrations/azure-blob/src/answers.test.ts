import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linesOf } from '@mortise/object-storage/testing';
import { startPlainServer } from '@mortise/test-servers';

import type { AzureBlobConfig } from './azure-blob-config.ts';
import { openStore } from './testing/open-store.ts';
import { refusal, stubServer, type StubAnswer, type StubServer } from './testing/stub-server.ts';

const KEY = Buffer.from('pa55word').toString('base64');
const SAS = 'sv=2026-10-06&se=2020-01-01T00%3A00%3A00Z&sig=pa55word';

let server: StubServer;
let config: Partial<AzureBlobConfig>;
beforeEach(async () => {
  server = await stubServer();
  config = { path: 'az://box/ours', account: 'mortise', accountUrl: `${server.url}/mortise`, accountKey: KEY };
});
afterEach(() => server.close());

const html: StubAnswer = [
  200,
  '<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works<br></body></html>',
  { 'content-type': 'text/html' },
];
const ANSWERS: [what: string, answer: StubAnswer, line: RegExp][] = [
  ['no container', refusal(404, 'ContainerNotFound'), /there is no container "box" at 127\.0\.0\.1:\d+\. Create the container/],
  [
    'a wrong key',
    refusal(403, 'AuthenticationFailed'),
    /does not accept the account key.*\. Check it: mortise artifact-store update team --accountKey=/,
  ],
  ['no permission', refusal(403, 'AuthorizationPermissionMismatch'), /refuses it to these credentials\. Allow these credentials/],
  ['no key allowed', refusal(403, 'KeyBasedAuthenticationNotPermitted'), /refuses it to these credentials\. Allow these credentials/],
  ['a lease of somebody else', refusal(412, 'LeaseIdMissing'), /somebody holds a lease on the blob.*\. End the lease/],
  ['a request it cannot take', refusal(400, 'AccountRequiresHttps'), /answered 400 AccountRequiresHttps/],
  ['HTML', html, /is no Azure Blob Storage: .*\. Check the account: mortise artifact-store update team/],
  ['HTML and 404', [404, html[1]!, html[2]!], /is no Azure Blob Storage: it answered 404 without/],
  ['JSON', [200, '{"ok":true}', { 'content-type': 'application/json' }], /is no Azure Blob Storage: /],
  ['nothing', [204], /is no Azure Blob Storage: /],
];

describe.each(ANSWERS)('a server that answers with %s', (_what, answer, expected) => {
  it('is told as such by every call, in one line and without secrets', async () => {
    server.answer = answer;
    for (const line of await linesOf(await openStore(config), 'pa55word', KEY)) {
      expect(line).toMatch(/^ARTIFACT_STORE_FAILED: the artifact store "team" failed /);
      expect(line).toMatch(expected);
      expect(line).not.toMatch(/[\n<]/);
    }
  });
});

describe('a server', () => {
  it('that does not accept a SAS token which has expired is told as that', async () => {
    server.answer = refusal(403, 'AuthenticationFailed');
    const { account: _account, accountKey: _key, ...where } = config;
    for (const line of await linesOf(await openStore({ ...where, sasToken: SAS }), 'pa55word'))
      expect(line).toMatch(/the SAS token expired at 2020-01-01T00:00:00\.000Z\. Give a new one: .* --sasToken=/);
  });

  it('whose clock is another one says so', async () => {
    const detail = '<AuthenticationErrorDetail>Request date header too old: Sat, 21 Nov 2026</AuthenticationErrorDetail>';
    server.answer = refusal(403, 'AuthenticationFailed', detail);
    const [put] = await linesOf(await openStore(config));
    expect(put).toMatch(/the clock of this host differs too much from that of .*\. Set this host's clock\./);
  });

  it.each([
    [
      'http://no-such-host.invalid',
      /no-such-host\.invalid cannot be reached: there is no host of this name \(ENOTFOUND\)\. Check the account/,
    ],
    ['http://127.0.0.1:1', /127\.0\.0\.1:1 cannot be reached: nothing listens there \(ECONNREFUSED\)\. See that the server runs/],
  ])('that is not there, as %s, is told as such', async (accountUrl, expected) => {
    for (const line of await linesOf(await openStore({ ...config, accountUrl }))) expect(line).toMatch(expected);
  });

  it('without TLS is told as such when https is asked of it', async () => {
    const accountUrl = config.accountUrl!.replace('http:', 'https:');
    for (const line of await linesOf(await openStore({ ...config, accountUrl })))
      expect(line).toMatch(/is no Azure Blob Storage|does not speak TLS/);
  });

  it('is the only one that is asked, and learns no more than the versions of what asks', async () => {
    server.answer = refusal(404, 'ContainerNotFound');
    await linesOf(await openStore(config));
    for (const { path, headers } of server.requests) {
      expect(path).toMatch(/^\/mortise\/box[/?]/);
      expect(headers.authorization).toMatch(/^SharedKey mortise:/);
      expect(headers['user-agent']).toMatch(/^mortise azsdk-js-azure-storage-blob\//);
    }
  });
});

describe('a delete', () => {
  it('goes on when one of the blobs cannot be deleted, and says so at its end', async () => {
    server.onRequest = () => {
      const { path } = server.requests.at(-1)!;
      server.answer = path.includes('/k0') ? refusal(412, 'LeaseIdMissing') : [202, '', { 'x-ms-request-id': '1' }];
    };
    const keys = Array.from({ length: 50 }, (_, at) => `k${at}`);
    await expect((await openStore(config)).delete(keys)).rejects.toMatchObject({ line: expect.stringMatching(/somebody holds a lease/) });
    expect(server.requests.map(({ path }) => path.replace(/^.*\//, '')).sort()).toEqual([...keys].sort());
  });
});

describe('a line that is slow', () => {
  it('gets the time that the bytes of a request take, beside the time limit', async () => {
    const slow = await startPlainServer((incoming, response) => {
      const isBlocks = incoming.url?.includes('comp=blocklist') === true;
      setTimeout(() => incoming.resume(), isBlocks ? 0 : 1_200);
      incoming.on('end', () => response.writeHead(201, { 'x-ms-request-id': '1', etag: '"1"' }).end());
    });
    try {
      const store = await openStore({ ...config, accountUrl: `${slow.url}/mortise`, timeoutMs: 300 });
      expect(await store.put('a', Buffer.alloc(4 << 20))).toMatchObject({ size: 4 << 20 });
      expect(await store.put('b', Buffer.alloc(20 << 20))).toMatchObject({ size: 20 << 20 });
      await expect(store.put('c', Buffer.alloc(10))).rejects.toMatchObject({
        line: expect.stringContaining('did not answer within 0.3 s'),
      });
    } finally {
      await slow.stop();
    }
  });
});

describe('a store', () => {
  it('without credentials says what is needed when @azure/identity is not installed', async () => {
    const { accountKey: _key, ...anonymous } = config;
    await expect(openStore(anonymous)).rejects.toMatchObject({
      line: expect.stringMatching(
        /"team", which has no accountKey, sasToken or connectionString, needs the package @azure\/identity\. Run "npm install @azure\/identity"\./,
      ),
    });
  });

  it('with a connection string that is none says so, without showing it', async () => {
    await expect(openStore({ path: config.path!, connectionString: 'AccountName=x;AccountKey=;pa55word' })).rejects.toMatchObject({
      line: expect.stringMatching(/the connection string has neither .*\. Check it: .* --connectionString=\{\{secret\.NAME\.KEY\}\}$/),
    });
  });

  it('signs URLs only with the key of the account', async () => {
    const signing = await openStore(config);
    expect(new URL(await signing.presign!('a/b', 60)).searchParams.get('sp')).toBe('r');
    await expect(signing.presign!('a/b', 0)).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    const { accountKey: _key, ...where } = config;
    const other = await openStore({ ...where, sasToken: SAS });
    expect([signing.capabilities.presign, other.capabilities.presign, other.presign]).toEqual([true, false, undefined]);
  });
});
