import type { RequestListener } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, describe, expect, test } from '@jest/globals';
import { selfSigned, startNobody, startPlainServer, type Certificate } from '@mortise/test-servers';

import { HttpClient, type HttpBody, type HttpClientOptions, type HttpRequest, type Refused } from './http-client.ts';
import { senderOf } from './send.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function serverOf(answer: RequestListener, tls?: Certificate): Promise<string> {
  const { url, stop } = await startPlainServer(answer, tls);
  stops.push(stop);
  return url;
}

interface Told {
  kind: string;
  message: string;
}

const clientOf = (options: Partial<HttpClientOptions> = {}): HttpClient =>
  new HttpClient({
    ...{ send: senderOf({}), timeoutMs: 10_000, trustAdvice: 'Trust it' },
    errors: {
      noAnswer: (kind, message, cause) => Object.assign(new Error(message, { cause }), { kind }),
      refusal: (refused) => Object.assign(new Error(`refused: ${refused.said}`), { kind: 'refusal', refused }),
    },
    ...options,
  });

const requestOf = (url: string, body?: HttpBody): HttpRequest => {
  const asked = { server: 'The server', call: 'a call', url };
  return body === undefined ? { ...asked, method: 'GET' } : { ...asked, method: 'PUT', body };
};

async function failureOf(promise: Promise<unknown>): Promise<Told & { refused?: Refused }> {
  const error: unknown = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error === undefined) throw new Error('it did not fail');
  return error as Told;
}

async function* streamOf(...chunks: (string | number | Error)[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    if (chunk instanceof Error) throw chunk;
    if (typeof chunk === 'number') await delay(chunk);
    else yield Buffer.from(chunk);
  }
}

const large = (): AsyncIterable<Uint8Array> => streamOf(...Array.from({ length: 50 }, () => 'x'.repeat(100_000)));

describe('a connection', () => {
  test('that is refused is "unreachable", with its code', async () => {
    const { url, stop } = await startNobody();
    stops.push(stop);
    expect(await failureOf(clientOf().text(requestOf(url)))).toMatchObject({
      kind: 'unreachable',
      message: 'The server cannot be reached (ECONNREFUSED)',
    });
  });

  test('to a name that nobody has is "unreachable"', async () => {
    const { kind, message } = await failureOf(clientOf().text(requestOf('http://nobody.invalid/')));
    expect([kind, message]).toEqual(['unreachable', expect.stringMatching(/cannot be reached \((ENOTFOUND|EAI_AGAIN)\)$/)]);
  });

  test.each<[string, RequestListener]>([
    ['before an answer', (request) => void request.socket.destroy()],
    ['in the middle of one', (request, response) => void response.write('{"a":', () => request.socket.destroy())],
  ])('that is cut %s is "unreachable"', async (_, answer) => {
    const url = await serverOf(answer);
    for (const body of [undefined, 'text', large()])
      expect(await failureOf(clientOf().text(requestOf(url, body)))).toMatchObject({
        kind: 'unreachable',
        message: expect.stringMatching(/^The server cannot be reached \(\w+\)$/) as unknown,
      });
  });

  test('to what speaks no HTTP, or no TLS, says so', async () => {
    const strange = await serverOf((request) => void request.socket.write('SSH-2.0-OpenSSH_9\r\n'));
    expect(await failureOf(clientOf().text(requestOf(strange)))).toMatchObject({
      kind: 'protocol',
      message: expect.stringMatching(/does not answer in HTTP \(.+\)\. Its address may begin with https:/) as unknown,
    });
    const plain = await serverOf((_request, response) => void response.end());
    expect(await failureOf(clientOf().text(requestOf(plain.replace('http', 'https'))))).toMatchObject({
      kind: 'protocol',
      message: expect.stringMatching(/does not speak TLS \(\w+\)\. Its address may begin with http:/) as unknown,
    });
  });

  test.each([
    [600, 'HTTP/1.1 600 Odd\r\ncontent-length: 2\r\n\r\nno'],
    [600, 'HTTP/1.1 600 Odd\r\ncontent-length: 20\r\n\r\nand goes on'],
    [999, 'HTTP/1.1 999 Denied\r\ncontent-length: 0\r\n\r\n'],
    [101, 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    [101, 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\nhello'],
  ])('with a certificate, to what answers with status %i, which no answer may have, ends the request', async (status, answer) => {
    const url = await serverOf((request) => void request.resume().socket.write(answer), selfSigned());
    const insecure = clientOf({ send: senderOf({ insecure: true }), timeoutMs: 2_000 });
    for (const body of [undefined, 'text', streamOf('a', 'b')])
      expect(await failureOf(insecure.text(requestOf(url, body)))).toMatchObject({
        kind: 'protocol',
        message: `The server does not answer in HTTP (status ${status})`,
      });
  });

  test('whose failure repeats a secret does not tell it', async () => {
    const send = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('bad header hunter22\nx') }));
    expect(await failureOf(clientOf({ send, secrets: ['hunter22'] }).text(requestOf('http://x')))).toMatchObject({
      message: 'The server cannot be reached (bad header *** x)',
    });
  });
});

describe('a certificate', () => {
  test('that is not trusted is told with what helps, unless it, or any, is trusted', async () => {
    const certificate = selfSigned();
    const url = await serverOf((request, response) => void request.pipe(response), certificate);
    expect(await failureOf(clientOf().text(requestOf(url)))).toMatchObject({
      kind: 'untrusted',
      message: 'The server has a certificate that is not trusted here (DEPTH_ZERO_SELF_SIGNED_CERT). Trust it',
    });
    const mistaken = clientOf({ send: senderOf({ ca: selfSigned().cert }) });
    expect(await failureOf(mistaken.text(requestOf(url)))).toMatchObject({ kind: 'untrusted' });
    for (const trust of [{ ca: certificate.cert }, { insecure: true }])
      for (const body of ['hello', Buffer.from('hello'), streamOf('hel', 'lo')])
        expect(await clientOf({ send: senderOf(trust) }).text(requestOf(url, body))).toBe('hello');
  });

  test('of another host is told as that', async () => {
    const certificate = selfSigned('elsewhere.example');
    const url = await serverOf((_request, response) => void response.end(), certificate);
    expect(await failureOf(clientOf({ send: senderOf({ ca: certificate.cert }) }).text(requestOf(url)))).toMatchObject({
      kind: 'untrusted',
      message: expect.stringMatching(/\. It is that of another host name$/) as unknown,
    });
  });
});

describe('silence', () => {
  const hole: RequestListener = (request) => void request.resume();

  test.each<[string, RequestListener, HttpBody | undefined]>([
    ['before an answer', hole, undefined],
    ['after a body', hole, 'text'],
    ['after a body that is streamed', hole, streamOf('a', 'b')],
    ['of a server that does not read', () => undefined, large()],
    ['in the middle of an answer', (_request, response) => void response.write('{"a":'), undefined],
  ])('%s ends it after the limit', async (_, answer, body) => {
    const url = await serverOf(answer);
    expect(await failureOf(clientOf({ timeoutMs: 80 }).text(requestOf(url, body)))).toMatchObject({
      kind: 'timeout',
      message: 'The server did not answer a call within 0.08 s',
    });
  });

  test('is what the limit is of: who goes on slowly, in either direction, is waited for', async () => {
    const taking = await serverOf((request, response) => void request.resume().on('end', () => response.end('done')));
    const slow = (): AsyncIterable<Uint8Array> => streamOf(...Array.from({ length: 8 }, (_, at) => [400, String(at)]).flat());
    const giving = await serverOf((_request, response) => void pipeline(slow(), response));
    // So long that a machine which stands still for a moment is not taken for silent.
    const patient = clientOf({ timeoutMs: 2_500 });
    const both = [patient.text(requestOf(taking, slow())), patient.text(requestOf(giving))];
    expect(await Promise.all(both)).toEqual(['done', '01234567']);
  });

  test('of the body’s own source is not the server’s', async () => {
    const url = await serverOf((request, response) => void request.resume().on('end', () => response.end('done')));
    expect(await clientOf({ timeoutMs: 2_000 }).text(requestOf(url, streamOf('a', 3_000, 'b')))).toBe('done');
  });
});

describe('who gives up', () => {
  test('gets the reason given, before, during and after the call', async () => {
    let asked = 0;
    const url = await serverOf(() => void asked++);
    const reason = new Error('enough');
    await expect(clientOf().text(requestOf(url), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(asked).toBe(0);
    for (const body of [undefined, 'text', large()]) {
      const giving = new AbortController();
      setTimeout(() => giving.abort(reason), 30);
      await expect(clientOf().text(requestOf(url, body), giving.signal)).rejects.toBe(reason);
    }
    const answering = await serverOf((_request, response) => void response.write('{"a":'));
    const giving = new AbortController();
    setTimeout(() => giving.abort(reason), 30);
    await expect(clientOf().text(requestOf(answering), giving.signal)).rejects.toBe(reason);
  });

  test('as the source of a body does gets its own error', async () => {
    const url = await serverOf((request, response) => void request.resume().on('end', () => response.end()));
    await expect(clientOf().text(requestOf(url, streamOf('a', new RangeError('mine'))))).rejects.toThrow(RangeError);
    const tls = await serverOf((request, response) => void request.resume().on('end', () => response.end()), selfSigned());
    const insecure = clientOf({ send: senderOf({ insecure: true }) });
    await expect(insecure.text(requestOf(tls, streamOf('a', new RangeError('mine'))))).rejects.toThrow(RangeError);
  });
});

describe('a refusal', () => {
  test('has the status, the headers, and what was said', async () => {
    const url = await serverOf((_request, response) => void response.writeHead(429, { 'retry-after': '3' }).end('slow down'));
    const { refused } = await failureOf(clientOf().text(requestOf(url)));
    expect({ ...refused, headers: refused?.headers.get('retry-after') }).toEqual({
      ...{ server: 'The server', call: 'a call', status: 429, headers: '3', said: 'slow down' },
    });
  });

  test('is one also when its body breaks off, or never ends', async () => {
    const cut = await serverOf((request, response) => void response.writeHead(401).write('no such', () => request.socket.destroy()));
    expect((await failureOf(clientOf().text(requestOf(cut)))).refused).toMatchObject({ status: 401 });
    const endless = await serverOf((_request, response) => {
      response.writeHead(500).on('close', () => clearInterval(writing));
      const writing = setInterval(() => response.write('x'.repeat(10_000)), 1);
    });
    const { refused } = await failureOf(clientOf().text(requestOf(endless)));
    expect(refused?.said.length).toBeGreaterThan(65_000);
  });
});

describe('a redirect', () => {
  test('is not followed, and tells where to, also when a body is streamed', async () => {
    let followed = 0;
    const elsewhere = await serverOf((_request, response) => void response.end(String(followed++)));
    const url = await serverOf((request, response) => {
      request.resume();
      response.writeHead(307, { location: elsewhere }).end();
    });
    for (const body of [undefined, 'text', streamOf('a', 'b')])
      expect((await failureOf(clientOf().text(requestOf(url, body)))).refused).toMatchObject({ status: 307 });
    expect(followed).toBe(0);
  });

  test('that only a streamed body gets is told without where to', async () => {
    const url = await serverOf((request, response) => {
      request.resume();
      response.writeHead(request.method === 'HEAD' ? 403 : 307, { location: 'http://x' }).end();
    });
    expect(await failureOf(clientOf().text(requestOf(url, streamOf('a'))))).toMatchObject({
      kind: 'protocol',
      message: 'The server answers a call with a redirect, which is not followed',
    });
  });
});
