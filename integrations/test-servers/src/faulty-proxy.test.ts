import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';

/** What reached the server: bodies whole, or as far as they came. */
let received: { method: string; path: string; body: string; whole: boolean; gone?: boolean }[];
let server: Server;
let proxy: FaultyProxy;

const BODY = '0123456789'.repeat(20_000);

beforeEach(async () => {
  received = [];
  server = createServer((incoming, outgoing) => {
    const entry: (typeof received)[number] = { method: incoming.method ?? '', path: incoming.url ?? '', body: '', whole: false };
    received.push(entry);
    incoming.on('data', (chunk: Buffer) => (entry.body += chunk.toString()));
    incoming.on('error', () => {});
    outgoing.on('close', () => (entry.gone = !outgoing.writableFinished));
    incoming.on('end', () => {
      entry.whole = true;
      if (incoming.url === '/never-answered') return;
      outgoing.setHeader('x-from', 'server').end(incoming.url === '/large' ? BODY : `got ${entry.body.length}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultyProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  await proxy.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const post = (path: string, body = 'hello') => fetch(proxy.url + path, { method: 'POST', body });

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}

/** Nothing comes of it for a while, until `giving` is given up. */
async function expectToWait(answer: Promise<unknown>, giving: AbortController): Promise<void> {
  const waiting = expect(answer).rejects.toThrow('enough');
  await sleep(200);
  giving.abort(new Error('enough'));
  await waiting;
}

/** The bytes of an answer, as far as they came. */
async function download(path: string): Promise<{ bytes: Buffer; whole: boolean }> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    request(proxy.url + path, (answer) => {
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => {});
      answer.on('close', () => resolve({ bytes: Buffer.concat(chunks), whole: answer.complete }));
    })
      .on('error', reject)
      .end();
  });
}

describe('without a fault', () => {
  it('passes requests and answers as they are, and keeps count of them', async () => {
    const answer = await post('/a?b=c', BODY);
    expect([answer.status, answer.headers.get('x-from'), await answer.text()]).toEqual([200, 'server', `got ${BODY.length}`]);
    expect(received).toMatchObject([{ method: 'POST', path: '/a?b=c', body: BODY, whole: true }]);
    expect(proxy.requests).toMatchObject([{ method: 'POST', path: '/a?b=c', status: 200, bytesUp: BODY.length, bytesDown: 10 }]);
  });

  it('answers each of many requests', async () => {
    for (let i = 0; i < 20; i++) expect(await (await post(`/${i}`)).text()).toBe('got 5');
    expect(proxy.count({ method: 'POST' })).toBe(20);
  });

  it('passes on the leave to continue that a client waits for', async () => {
    const status = await new Promise((resolve, reject) => {
      const upload = request(proxy.url, { method: 'PUT', headers: { expect: '100-continue' } }, (answer) => resolve(answer.statusCode));
      upload.on('error', reject).on('continue', () => upload.end('hello'));
      upload.flushHeaders();
    });
    expect(status).toBe(200);
    expect(received).toMatchObject([{ body: 'hello', whole: true }]);
  });

  it('leaves it to the server whether a client may continue', async () => {
    server.on('checkContinue', (_incoming, outgoing) => outgoing.writeHead(417).end());
    const status = await new Promise((resolve, reject) => {
      const upload = request(proxy.url, { method: 'PUT', headers: { expect: '100-continue' } }, (answer) => resolve(answer.statusCode));
      upload.on('error', reject).flushHeaders();
    });
    expect(status).toBe(417);
  });

  it('resets the connection when the server is not there, and works again when it is', async () => {
    const { port } = server.address() as AddressInfo;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(post('/x')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect((await post('/x')).status).toBe(200);
  });

  it.each(['/upload', '/never-answered'])('lets the server see that a client has gone: %s', async (path) => {
    const upload = request(proxy.url + path, { method: 'PUT' });
    upload.on('error', () => {});
    upload.write('the beginning');
    if (path === '/never-answered') upload.end();
    await until(() => received[0]?.body === 'the beginning' && received[0].whole === (path === '/never-answered'));
    upload.destroy();
    await until(() => received[0]?.gone === true);
  });
});

describe('a lost answer', () => {
  it('is one of a request that the server has served', async () => {
    const fault = proxy.inject({ kind: 'lose-answer' }, { path: '/create', times: 1 });
    await expect(post('/create')).rejects.toThrow('fetch failed');
    expect(received).toMatchObject([{ method: 'POST', path: '/create', body: 'hello', whole: true }]);
    expect((await post('/create')).status).toBe(200);
    expect(fault.hits).toBe(1);
  });

  it('can be lost silently: the client waits', async () => {
    proxy.inject({ kind: 'lose-answer', silently: true });
    const giving = new AbortController();
    const answer = fetch(proxy.url, { signal: giving.signal });
    await until(() => received[0]?.whole === true);
    await expectToWait(answer, giving);
    expect(received).toHaveLength(1);
  });
});

describe('an answer of its own', () => {
  it('comes with status, headers and body, and the server sees nothing', async () => {
    proxy.inject({ kind: 'answer', status: 503, headers: { 'retry-after': '7' }, body: '<html>busy</html>' });
    const answer = await post('/x', BODY);
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([503, '7', '<html>busy</html>']);
    expect(received).toEqual([]);
    expect(proxy.requests).toMatchObject([{ status: 503, bytesUp: 0 }]);
  });

  it('comes at once to a client that waits for leave to continue', async () => {
    proxy.inject({ kind: 'answer', status: 429 });
    const status = await new Promise((resolve, reject) => {
      const upload = request(proxy.url, { method: 'PUT', headers: { expect: '100-continue' } }, (answer) => resolve(answer.statusCode));
      upload.on('error', reject).flushHeaders();
    });
    expect(status).toBe(429);
  });
});

describe('a connection that fails', () => {
  it('is reset before the server sees anything', async () => {
    proxy.inject({ kind: 'reset' });
    await expect(post('/x')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(received).toEqual([]);
  });

  it('is a black hole: nothing answers until the client gives up, and stopping the proxy frees the others', async () => {
    proxy.inject({ kind: 'black-hole' });
    const giving = new AbortController();
    const answer = fetch(proxy.url, { signal: giving.signal });
    const other = expect(post('/x')).rejects.toThrow('fetch failed');
    await until(() => proxy.requests.length === 2);
    await expectToWait(answer, giving);
    await proxy.stop();
    await other;
    expect(received).toEqual([]);
  });

  it('is slow: the request goes on after the delay', async () => {
    proxy.inject({ kind: 'delay', ms: 150 });
    const start = performance.now();
    expect((await post('/x')).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(145);
  });

  it('is cut in an upload: the server has exactly so many bytes', async () => {
    proxy.inject({ kind: 'cut-upload', afterBytes: 70_001 });
    await expect(post('/x', BODY)).rejects.toThrow('fetch failed');
    await until(() => received[0]?.body.length === 70_001);
    expect(received).toMatchObject([{ body: BODY.slice(0, 70_001), whole: false }]);
    expect(proxy.requests).toMatchObject([{ bytesUp: 70_001, status: undefined }]);
  });

  it('is cut in a download: the client has exactly so many bytes', async () => {
    proxy.inject({ kind: 'cut-download', afterBytes: 70_001 });
    const { bytes, whole } = await download('/large');
    expect(whole).toBe(false);
    expect(bytes.toString()).toBe(BODY.slice(0, 70_001));
  });

  it('stalls in a download: the connection stays open and nothing more comes', async () => {
    proxy.inject({ kind: 'cut-download', afterBytes: 10, silently: true });
    const giving = new AbortController();
    const answer = await fetch(`${proxy.url}/large`, { signal: giving.signal });
    await expectToWait(answer.text(), giving);
  });
});

describe('a wrong byte', () => {
  it('is the only thing that differs', async () => {
    proxy.inject({ kind: 'flip-byte', at: 123_456 });
    const { bytes, whole } = await download('/large');
    expect(whole).toBe(true);
    const wrong = [...bytes.entries()].filter(([at, byte]) => byte !== BODY.charCodeAt(at)).map(([at]) => at);
    expect(wrong).toEqual([123_456]);
    expect(bytes).toHaveLength(BODY.length);
  });
});

describe('the scope of a fault', () => {
  const statuses = async (...paths: string[]) => {
    const all: number[] = [];
    for (const path of paths) all.push((await post(path)).status);
    return all;
  };

  it('is a method, a part of the path or a pattern, and a predicate', async () => {
    proxy.inject({ kind: 'answer', status: 500 }, { method: 'GET' });
    proxy.inject({ kind: 'answer', status: 501 }, { path: 'runs/create' });
    proxy.inject({ kind: 'answer', status: 502 }, { path: /^\/b\d$/ });
    proxy.inject({ kind: 'answer', status: 503 }, { when: ({ headers }) => headers['content-length'] === '5' });
    expect(await statuses('/api/runs/create?x', '/b7', '/b77')).toEqual([501, 502, 503]);
    expect((await fetch(proxy.url)).status).toBe(500);
    expect((await post('/c', 'another length')).status).toBe(200);
  });

  it('skips the first matching requests, then meets so many', async () => {
    const fault = proxy.inject({ kind: 'answer', status: 503 }, { path: '/part', skip: 2, times: 2 });
    expect(await statuses('/part', '/other', '/part', '/part', '/part', '/part')).toEqual([200, 200, 200, 503, 503, 200]);
    expect(fault.hits).toBe(2);
  });

  it('ends when the fault is removed, while the others stay', async () => {
    const first = proxy.inject({ kind: 'answer', status: 503 });
    proxy.inject({ kind: 'answer', status: 429 });
    expect(await statuses('/')).toEqual([503]);
    first.remove();
    expect(await statuses('/')).toEqual([429]);
    proxy.clear();
    expect(await statuses('/')).toEqual([200]);
    proxy.forget();
    expect(proxy.requests).toEqual([]);
  });
});
