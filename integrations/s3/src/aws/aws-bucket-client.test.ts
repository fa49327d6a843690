import type { ServerResponse } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isMortiseError } from '@mortise/core';

import type { S3ArtifactStoreConfig } from '../s3-artifact-store-config.ts';
import { bytesOf } from '@mortise/object-storage/testing';
import { openStore } from '../testing/open-store.ts';
import { refusal, stubServer, type StubAnswer, type StubServer } from '../testing/stub-server.ts';

let server: StubServer;
let config: Partial<S3ArtifactStoreConfig>;
beforeEach(async () => {
  server = await stubServer();
  config = {
    path: 's3://bucket/ours',
    endpoint: server.url,
    region: 'us-east-1',
    key: 'the-key',
    secret: 'pa55word',
    sessionToken: 't0ken',
  };
});
afterEach(() => server.close());

const CALLS = ['put', 'get', 'stat', 'list', 'delete', 'check'] as const;

/** The line that a call fails with. */
async function line(call: (typeof CALLS)[number], changed: Partial<S3ArtifactStoreConfig> = {}): Promise<string> {
  const store = await openStore({ ...config, ...changed });
  const calls = {
    put: () => store.put('a/b', Buffer.from('text')),
    get: () => bytesOf(store.get('a/b')),
    stat: () => store.stat('a/b'),
    list: () => store.list(''),
    delete: () => store.delete(['a/b', 'a/c']),
    check: () => store.check(AbortSignal.timeout(60_000)),
  };
  const error: unknown = await calls[call]().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  await store[Symbol.asyncDispose]();
  if (!isMortiseError(error)) throw new Error(`${call} ended with ${String(error)}`);
  for (const secret of ['pa55word', 't0ken', 'the-key', 'Signature=']) expect(inDepth(error)).not.toContain(secret);
  return error.line;
}

/** An error with its causes and all that hangs on them. */
function inDepth(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, stack, cause } = error as Error;
  return [message, stack, JSON.stringify(error), cause === undefined ? '' : inDepth(cause)].join('\n');
}

const MIB = 1024 * 1024;
const html = '<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works<br></body></html>';
const REFUSALS: [what: string, answer: StubAnswer, line: RegExp][] = [
  ['no bucket', refusal(404, 'NoSuchBucket'), /there is no bucket "bucket" at 127\.0\.0\.1:\d+\. Create the bucket/],
  [
    'another region',
    refusal(301, 'PermanentRedirect', '', { 'x-amz-bucket-region': 'eu-west-1' }),
    /is in region eu-west-1\. Name the bucket's region: mortise artifact-store update team --region=eu-west-1/,
  ],
  [
    'another region, in the signature',
    refusal(400, 'AuthorizationHeaderMalformed', '<Region>eu-central-1</Region>'),
    /is in region eu-central-1\. .* --region=eu-central-1/,
  ],
  [
    'a clock that is wrong',
    refusal(403, 'RequestTimeTooSkewed'),
    /the clock of this host differs too much from that of .*\. Set this host's clock\./,
  ],
  ['an expired token', refusal(400, 'ExpiredToken'), /the session token has expired or is not valid\. Log in again/],
  ['an unknown key', refusal(403, 'InvalidAccessKeyId'), /knows no such access key\. Check the access key/],
  ['a wrong secret', refusal(403, 'SignatureDoesNotMatch'), /the secret does not belong to the access key\. Check the secret/],
  ['no permission', refusal(403, 'AccessDenied'), /refuses it to these credentials\. Allow these credentials s3:ListBucket/],
  ['what it does not implement', refusal(501, 'NotImplemented'), /answered 501/],
  ['HTML with 200', [200, html, { 'content-type': 'text/html' }], /is no S3 server: .*\. Check the address of the server/],
  ['HTML with 404', [404, html, { 'content-type': 'text/html' }], /is no S3 server: .*\. Check the address of the server/],
  ['HTML with 501', [501, html, { 'content-type': 'text/html' }], /is no S3 server: it .*501 with HTML\. Check the address of the server/],
  ['JSON with 200', [200, '{"ok":true}', { 'content-type': 'application/json' }], /is no S3 server: .*\. Check the address of the server/],
  [
    'JSON with 404',
    [404, '{"detail":"Not Found"}', { 'content-type': 'application/json' }],
    /is no S3 server: .*\. Check the address of the server/,
  ],
  ['text with 403', [403, 'forbidden host', { 'content-type': 'text/plain' }], /is no S3 server: it answered 403 with plain text/],
  [
    'a way to https',
    [301, html, { 'content-type': 'text/html', location: 'https://s3.example.com/bucket/x?token=pa55word' }],
    /127\.0\.0\.1:\d+ redirects to https:\/\/s3\.example\.com\. Give the address .*: mortise .* --endpoint=https:\/\/s3\.example\.com$/,
  ],
  [
    'a way to a page to log in',
    [302, html, { 'content-type': 'text/html', location: '/login' }],
    /is no S3 server: it redirects to another page\./,
  ],
  ['no HTTP', (response: ServerResponse) => void response.socket!.end('SSH-2.0-OpenSSH\r\n'), /is no S3 server: it does not speak HTTP/],
];

describe.each(REFUSALS)('a server that answers with %s', (_what, answer, expected) => {
  it.each(CALLS)('is told as such by %s, in one line and without secrets', async (call) => {
    server.answer((response, request) => {
      // What S3 says of a HEAD is in its status and headers.
      if (typeof answer === 'function') return answer(response, request);
      const [status, body = '', headers = {}] = answer;
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    });
    const said = await line(call);
    expect(said).toMatch(/^ARTIFACT_STORE_FAILED: the artifact store "team" failed /);
    expect(said).toMatch(expected);
    expect(said).not.toMatch(/[\n<]/);
  });
});

describe('a server that is no S3', () => {
  const change = ['put', 'delete', 'check'] as const;
  const ask = ['get', 'stat', 'list', ...change] as const;
  it.each(change)('is known by %s when its answer is a page, whatever else it has', async (call) => {
    server.answer([200, html, { 'content-type': 'text/html; charset=utf-8', etag: '"e"' }]);
    expect(await line(call)).toMatch(
      /is no S3 server: it (answers with a web page|answered 200 with HTML)\. Check the address of the server/,
    );
  });

  it.each(ask)('is known by %s when it does not say what is not found', async (call) => {
    server.answer([404]);
    expect(await line(call)).toMatch(/is no S3 server: it answered 404 without a reason\. Check the address of the server/);
  });

  it('is known by a delete of one object when its answer is a page', async () => {
    server.answer([200, html, { 'content-type': 'text/html' }]);
    const store = await openStore(config);
    await expect(store.delete(['a/b'])).rejects.toMatchObject({ message: expect.stringContaining('it answers with a web page') });
  });

  it('is known by a delete of several objects when it has no result', async () => {
    server.answer([204]);
    expect(await line('delete')).toMatch(/is no S3 server: it answers a delete of several objects without a result\./);
  });
});

describe('a server that is not there', () => {
  it.each(CALLS)('is told as such by %s', async (call) => {
    const said = await line(call, { endpoint: 'http://no-such-host.invalid:9000' });
    expect(said).toMatch(/no-such-host\.invalid:9000 cannot be reached: there is no host of this name \(ENOTFOUND\)\. Check the address/);
  });

  it('is asked again for some seconds when nothing listens', async () => {
    const begin = Date.now();
    expect(await line('stat', { endpoint: 'http://127.0.0.1:1' })).toMatch(
      /cannot be reached: nothing listens there \(ECONNREFUSED\)\. See that the server runs/,
    );
    expect(Date.now() - begin).toBeGreaterThan(2_000);
  });

  it('is asked twice by a check, which says soon why it fails', async () => {
    server.answer([503]);
    expect(await line('check')).toMatch(/answered 503/);
    expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2);
  });

  it('is told as one without TLS when https is asked of http', async () => {
    server.answer([200]);
    expect(await line('stat', { endpoint: server.url.replace('http:', 'https:') })).toMatch(
      /it does not speak TLS: http instead of https\?/,
    );
  });
});

describe('a request', () => {
  const stored: StubAnswer = [200, '', { etag: '"e"' }];

  it('of known bytes has their sha256 in its signature, their CRC32, and what the config says of storing', async () => {
    server.answer(stored);
    const store = await openStore({ ...config, kmsKeyId: 'alias/ours', storageClass: 'STANDARD_IA' });
    const { sha256 } = await store.put('a b/c', Buffer.from('text'), { type: 'text/plain', createOnly: true });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'PUT', bytes: 4 });
    expect(request!.path).toMatch(/^\/bucket\/ours\/a%20b\/c(\?|$)/);
    expect(request!.headers).toMatchObject({
      'x-amz-content-sha256': sha256,
      'x-amz-checksum-crc32': 'O4unxw==',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/ours',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-security-token': 't0ken',
      'content-type': 'text/plain',
      'if-none-match': '*',
    });
    expect(request!.headers.authorization).toContain('/us-east-1/s3/');
  });

  it('of nobody is sent when a key is configured: no metadata service of a cloud is asked', async () => {
    const before = { ...process.env };
    const metadata = await stubServer();
    metadata.answer([404]);
    Object.assign(process.env, {
      AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/container`,
      AWS_ENDPOINT_URL: metadata.url,
      AWS_ENDPOINT_URL_S3: metadata.url,
      AWS_CONFIG_FILE: '/nowhere/config',
      AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
    });
    try {
      server.answer(stored);
      await (await openStore(config)).put('x', Buffer.from('text'));
      expect([metadata.requests.length, server.requests.length]).toEqual([0, 1]);
      const { key: _key, secret: _secret, sessionToken: _token, ...withoutKey } = config;
      config = withoutKey;
      expect(await line('put')).toMatch(/no credentials are given, and none were found where AWS tools have theirs\. Log in/);
      expect(metadata.requests.length).toBeGreaterThan(0);
      expect(server.requests).toHaveLength(1);
    } finally {
      process.env = before;
      await metadata.close();
    }
  });

  it('waits for its turn, and not for a connection, when there are many', async () => {
    let most = 0;
    let open = 0;
    server.answer((response) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        response.writeHead(200, { etag: '"e"' }).end();
      }, 700);
    });
    const store = await openStore({ ...config, timeoutMs: 6_000 });
    await Promise.all(Array.from({ length: 640 }, (_, i) => store.put(`x/${i}`, Buffer.from('text'))));
    expect(most).toBeLessThanOrEqual(64);
    expect(server.requests).toHaveLength(640);
  });

  it.each(['BadDigest', 'XAmzContentSHA256Mismatch'])('whose bytes arrived as others (%s) is sent again', async (code) => {
    server.answer(refusal(400, code), stored);
    await (await openStore(config)).put('x', Buffer.from('text'));
    expect(server.requests.map(({ bytes }) => bytes)).toEqual([4, 4]);
  });

  it('to begin an upload that is stopped when it is on its way is waited for, so that the upload can be taken away', async () => {
    const begun = Promise.withResolvers<ServerResponse>();
    server.answer((response) => begun.resolve(response), [204]);
    const store = await openStore({ ...config, partSize: 5 * MIB });
    const stop = new AbortController();
    const put = store.put('x', Buffer.alloc(6 * MIB), { signal: stop.signal });
    const response = await begun.promise;
    stop.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end('<InitiateMultipartUploadResult><UploadId>the-id</UploadId></InitiateMultipartUploadResult>');
    await store[Symbol.asyncDispose]();
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(server.requests[1]!.path).toContain('uploadId=the-id');
  });

  it('is not sent any more when it was stopped while it waited for its turn', async () => {
    const gate = Promise.withResolvers<void>();
    server.answer((response) => void gate.promise.then(() => response.writeHead(200, { etag: '"e"' }).end()));
    const store = await openStore({ ...config, partSize: 5 * MIB });
    const before = Array.from({ length: 64 }, (_, i) => store.put(`x/${i}`, Buffer.from('text')));
    const stop = new AbortController();
    const put = store.put('x', Buffer.alloc(6 * MIB), { signal: stop.signal });
    while (server.requests.length < 64) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    gate.resolve();
    await Promise.all(before);
    await store[Symbol.asyncDispose]();
    expect(server.requests).toHaveLength(64);
  });
});

describe('a delete of several objects', () => {
  /** 200, with what was refused inside. */
  const result = (...refused: [key: string, code: string][]): StubAnswer => [
    200,
    `<DeleteResult>${refused.map(([key, code]) => `<Error><Key>${key}</Key><Code>${code}</Code><Message>m</Message></Error>`).join('')}</DeleteResult>`,
    { 'content-type': 'application/xml' },
  ];
  const asked = (): string[][] =>
    server.requests.map((request) => Array.from(request.text().matchAll(/<Key>(.*?)<\/Key>/g), ([, key]) => key!));

  it('asks again for those, and only those, that a busy server refused', async () => {
    server.answer(
      result(['ours/a', 'SlowDown'], ['ours/c', 'InternalError'], ['ours/d', 'NoSuchKey']),
      result(['ours/c', 'SlowDown']),
      result(),
    );
    await (await openStore(config)).delete(['a', 'b', 'c', 'd']);
    expect(asked()).toEqual([['ours/a', 'ours/b', 'ours/c', 'ours/d'], ['ours/a', 'ours/c'], ['ours/c']]);
  });

  it('asks again for all when the refusals name none of them', async () => {
    server.answer(result(['else/a', 'SlowDown']), result());
    await (await openStore(config)).delete(['a', 'b']);
    expect(asked()).toEqual([
      ['ours/a', 'ours/b'],
      ['ours/a', 'ours/b'],
    ]);
  });

  it('ends at once with what does not pass, also beside what may', async () => {
    server.answer(result(['ours/a', 'SlowDown'], ['ours/c', 'AccessDenied']));
    expect(await line('delete')).toMatch(/refuses it to these credentials/);
    expect(server.requests).toHaveLength(1);
  });

  it('says after some tries that the server is still busy', async () => {
    server.answer(result(['ours/a/b', 'SlowDown']));
    expect(await line('delete')).toMatch(/answered SlowDown/);
    expect(asked()).toEqual([['ours/a/b', 'ours/a/c'], ...Array.from({ length: 5 }, () => ['ours/a/b'])]);
  });
});

describe('a presigned URL', () => {
  it("is dated by the server's clock once that is known to differ", async () => {
    const theirs = new Date(Date.now() + 60 * 60 * 1000);
    server.answer([200, '', { etag: '"e"', date: theirs.toUTCString() }]);
    const store = await openStore(config);
    await store.put('x', Buffer.from('text'));
    const [, day, time] = /X-Amz-Date=(\d{8})T(\d{6})Z/.exec(await store.presign('x', 60))!;
    const dated = Date.parse(`${day!.replace(/(..)(..)$/, '-$1-$2')}T${time!.replace(/(..)(..)$/, ':$1:$2')}Z`);
    expect(Math.abs(dated - theirs.getTime())).toBeLessThan(30 * 60 * 1000);
  });
});
