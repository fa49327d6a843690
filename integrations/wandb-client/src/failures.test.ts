import type { RequestListener } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';
import { selfSigned, startPlainServer } from '@mortise/test-servers';

import { Connection } from './http/connection.ts';
import { WandbClient } from './wandb-client.ts';
import { isWandbError, type WandbError } from './wandb-error.ts';

const KEY = 'secret'.repeat(8);
const ENCODED = Buffer.from(`api:${KEY}`).toString('base64');

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serverOf(answer: RequestListener, tls = false): Promise<string> {
  const { url, stop } = await startPlainServer(answer, tls ? selfSigned() : undefined);
  stops.push(stop);
  return url;
}

const says =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (request, response) =>
    void request.resume().on('end', () => response.writeHead(status, headers).end(body));

async function failureAt(baseUrl: string, options = {}): Promise<WandbError> {
  const error: unknown = await new WandbClient({ apiKey: KEY, baseUrl, ...options }).viewer().catch((failure: unknown) => failure);
  if (!isWandbError(error)) throw new Error(`it failed otherwise: ${String(error)}`);
  expect(error.message).not.toContain(KEY);
  expect(error.message).not.toContain(ENCODED);
  expect(error.message).not.toMatch(/[\n<]/);
  return error;
}

test.each([
  [400, 'RequestTimeout', 'busy', true],
  [404, 'NoSuchUpload', 'busy', true],
  [400, 'ExpiredToken', 'busy', true],
  [400, 'EntityTooLarge', 'invalid', false],
  [403, 'SignatureDoesNotMatch', 'forbidden', false],
] as const)(
  'an upload of which the storage says %i %s fails with "%s", and nothing of what it was signed with is told',
  async (status, code, kind, mayPass) => {
    const said = `<?xml version="1.0"?><Error><Code>${code}</Code><StringToSign>signed</StringToSign></Error>`;
    const url = await serverOf(says(status, said, { 'content-type': 'application/xml' }));
    const body = Buffer.from('weights');
    const put = new Connection({ apiKey: KEY, baseUrl: url }).put(`${url}/part`, { body, size: body.length }, {}, 'upload w.bin');
    await expect(put).rejects.toMatchObject({
      kind,
      mayPass,
      message: expect.stringMatching(new RegExp(`upload w\\.bin: ${code} \\(${status}\\)$`)),
    });
  },
);

test.each([
  ['S3', '<Error><Code>AccessDenied</Code><Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires></Error>', true],
  [
    'Azure',
    '<Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.</Message><AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]</AuthenticationErrorDetail></Error>',
    true,
  ],
  ['S3, which denies it for good,', '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>', false],
  ['Azure, which denies it for good,', '<Error><Code>AuthenticationFailed</Code><Message>no</Message></Error>', false],
])('an upload whose address has expired may be made again, to another one: %s', async (_, said, mayPass) => {
  const url = await serverOf(says(403, said, { 'content-type': 'application/xml' }));
  const body = Buffer.from('weights');
  const put = new Connection({ apiKey: KEY, baseUrl: url }).put(`${url}/part`, { body, size: body.length }, {}, 'upload w.bin');
  await expect(put).rejects.toMatchObject({ mayPass, status: 403 });
});

describe('an answer that is none', () => {
  test.each([
    [401, 'unauthorized', false],
    [403, 'forbidden', false],
    [404, 'not-found', false],
    [400, 'invalid', false],
    [413, 'invalid', false],
    [408, 'busy', true],
    [429, 'busy', true],
    [503, 'busy', true],
    [500, 'server', true],
    [502, 'server', true],
  ])('with %i is "%s"', async (status, kind, mayPass) => {
    const { message, ...error } = await failureAt(
      await serverOf(says(status, `{"errors":[{"message":"no ${KEY}"}]}`, { 'retry-after': '3' })),
    );
    expect(error).toMatchObject({ kind, status, retryAfter: 3_000 });
    expect(message).toMatch(/^Weights & Biases at http:\/\/127\.0\.0\.1:\d+ .*Viewer: no \*\*\* \(\d+\)$/);
    const again = await failureAt(await serverOf(says(status, '<html>a page</html>')));
    expect(again.mayPass).toBe(mayPass);
  });

  test.each([
    ['permission denied', 'forbidden'],
    ['rate limit exceeded', 'busy'],
    ['internal server error', 'server'],
    ['project not found', 'not-found'],
    ['invalid API key', 'unauthorized'],
    ['tags must be short', 'invalid'],
  ])('with 200 and the error "%s" is "%s"', async (message, kind) => {
    const error = await failureAt(
      await serverOf(says(200, JSON.stringify({ data: null, errors: [{ message: `${message} ${ENCODED}` }] }))),
    );
    expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(`refused Viewer: ${message} ***`)]);
  });

  test.each(['<html>Please log in</html>', '{"data":', '{}', 'null', ''])('with 200 and %j is none of this vendor', async (body) => {
    expect((await failureAt(await serverOf(says(200, body)))).kind).toBe('protocol');
  });

  test.each(['config', 'historyTail', 'summaryMetrics'])('a run whose %s is broken is none of this vendor', async (name) => {
    const server = await serverOf(says(200, JSON.stringify({ data: { model: { bucket: { id: 'x', [name]: '{"loss":' } } } })));
    const asked = new WandbClient({ apiKey: KEY, baseUrl: server }).status({ entity: 'acme', project: 'wine', id: 'r' });
    await expect(asked).rejects.toMatchObject({ kind: 'protocol', message: expect.stringContaining('no state of a run') });
  });

  test('with 409 may pass where a run is made, as it does where several begin in a project that is not there yet, and nowhere else', async () => {
    const baseUrl = await serverOf(says(409, '{"errors":[{"message":"conflict"}]}'));
    const begun = new WandbClient({ apiKey: KEY, baseUrl }).begin({ id: 'r', project: 'new', config: {}, startedAt: 0 });
    await expect(begun).rejects.toMatchObject({ kind: 'busy', mayPass: true, status: 409 });
    expect((await failureAt(baseUrl)).kind).toBe('invalid');
  });

  test('a key that belongs to nobody is "unauthorized"', async () => {
    expect((await failureAt(await serverOf(says(200, '{"data":{"viewer":null}}')))).kind).toBe('unauthorized');
  });
});

describe('a redirect', () => {
  test('is not followed, neither with the key nor with an upload', async () => {
    const asked: string[] = [];
    const elsewhere = await serverOf((request, response) => {
      asked.push(String(request.headers.authorization));
      response.end();
    });
    const server = await serverOf(says(307, '', { location: `${elsewhere}/graphql?token=x` }));
    expect((await failureAt(server)).message).toContain(`redirect to ${elsewhere}/graphql, which is not followed`);
    const connection = new Connection({ apiKey: KEY, baseUrl: server });
    await expect(connection.put('/up', { body: streamOf('hello'), size: 5 }, {}, 'upload')).rejects.toMatchObject({ kind: 'protocol' });
    await expect(connection.put('/up', { body: Buffer.from('hello'), size: 5 }, {}, 'upload')).rejects.toMatchObject({ kind: 'protocol' });
    expect(asked).toEqual([]);
  });
});

describe('no answer', () => {
  test('is "timeout" after the time for one request', async () => {
    const error = await failureAt(await serverOf(() => undefined), { timeoutMs: 30 });
    expect([error.kind, error.mayPass, error.message]).toEqual([
      'timeout',
      true,
      expect.stringContaining('did not answer Viewer within 0.03 s'),
    ]);
  });

  test('is "unreachable" where nobody is, and what the caller says who has given up', async () => {
    const server = await serverOf(() => undefined);
    const client = new WandbClient({ apiKey: KEY, baseUrl: server });
    await expect(client.viewer(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    const waits = new AbortController();
    const asked = client.viewer(waits.signal);
    setTimeout(() => waits.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
    expect((await failureAt('http://127.0.0.1:9')).kind).toBe('unreachable');
  });

  test('of a body whose source fails is what the source says', async () => {
    const connection = new Connection({ apiKey: KEY, baseUrl: await serverOf(says(200, '')) });
    const broken = connection.put('/up', { body: streamOf('a', new Error('the disk is gone')), size: 2 }, {}, 'upload');
    await expect(broken).rejects.toThrow('the disk is gone');
  });
});

describe('a certificate that is not trusted', () => {
  test('ends the call, with what to do about it, unless any is taken', async () => {
    const server = await serverOf(says(200, '{"data":{"viewer":{"entity":"acme"}}}'), true);
    const { kind, message } = await failureAt(server);
    expect([kind, message]).toEqual(['untrusted', expect.stringContaining('NODE_EXTRA_CA_CERTS')]);
    expect(await new WandbClient({ apiKey: KEY, baseUrl: server, insecureTls: true }).viewer()).toEqual({ entity: 'acme' });
    const connection = new Connection({ apiKey: KEY, baseUrl: server, insecureTls: true });
    await connection.put('/up', { body: streamOf('hello'), size: 5 }, {}, 'upload');
  });
});

describe('what cannot be', () => {
  test.each([
    [{ baseUrl: 'ftp://x' }, /must begin with http/],
    [{ baseUrl: 'https://me:pw@x' }, /must not hold a user or a password/],
    [{ apiKey: 'a b' }, /API key/],
    [{ apiKey: '' }, /API key/],
  ])('is refused before anything is sent: %j', (options, message) => {
    expect(() => new WandbClient({ apiKey: KEY, ...options })).toThrow(message);
  });
});

async function* streamOf(text: string, failure?: Error): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
  if (failure !== undefined) throw failure;
}
