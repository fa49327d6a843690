import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';
import { linesOf } from '@mortise/object-storage/testing';
import { startNobody } from '@mortise/test-servers';

import { openStore } from './testing/open-store.ts';

const path = 'gs://bucket/prefix';
let running: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of running) server.close();
  running = [];
});

/** The address of a server on this host. */
async function listening(server: Server | TcpServer): Promise<string> {
  running.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers everything with the same. */
const answering =
  (status: number, body: string, type = 'application/json'): RequestListener =>
  (request, answer) =>
    void request.resume().on('end', () => answer.writeHead(status, { 'content-type': type, connection: 'close' }).end(body));

/** What GCS answers when it refuses something. */
const refusal = (status: number, reason: string, message: string): RequestListener =>
  answering(status, JSON.stringify({ error: { code: status, message, errors: [{ reason, message, domain: 'global' }] } }));

async function lines(listener: RequestListener): Promise<string[]> {
  return linesOf(await openStore({ path, endpoint: `http://${await listening(createServer(listener))}` }));
}

describe('one line says', () => {
  it('what these credentials may not do', async () => {
    const message = 'mortise@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object.';
    for (const line of await lines(refusal(403, 'forbidden', message)))
      expect(line).toMatch(
        /refuses storage\.objects\.get without credentials\. Grant these credentials the role roles\/storage\.objectUser/,
      );
  });

  it('that credentials are wanted', async () => {
    for (const line of await lines(refusal(401, 'required', 'Anonymous caller does not have storage.objects.list access.')))
      expect(line).toMatch(/wants credentials for the bucket "bucket"\. Log in: gcloud auth application-default login, or give/);
  });

  it('what cannot be deleted, once all others are', async () => {
    const asked: string[] = [];
    const held = refusal(403, 'retentionPolicyNotMet', "Object is subject to the bucket's retention policy.");
    const server = createServer((request, answer) => {
      if (request.url!.includes('k0')) return held(request, answer);
      setTimeout(() => void (asked.push(request.url!), answer.writeHead(204).end()), 100);
    });
    const store = await openStore({ path, endpoint: `http://${await listening(server)}` });
    const line = await store.delete(['k0', 'k1', 'k2']).catch((error: { line: string }) => error.line);
    expect(line).toMatch(/answered 403: Object is subject to the bucket's retention policy\.$/);
    expect(asked).toHaveLength(2);
  });

  it('that a server does not answer, which is not waited for by each of many objects', async () => {
    let asked = 0;
    const silent = createServer(() => void asked++);
    const store = await openStore({ path, endpoint: `http://${await listening(silent)}`, timeoutMs: 100 });
    const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
    const line = await store.delete(keys).catch((error: { line: string }) => error.line);
    expect(line).toMatch(/did not answer in time/);
    expect(asked).toBeLessThan(500);
  });

  it('what else Google has against it', async () => {
    for (const line of await lines(refusal(403, 'accountDisabled', 'The billing account for the owning project is disabled.')))
      expect(line).toMatch(/answered 403: The billing account for the owning project is disabled\.$/);
  });

  it('that there is no bucket', async () => {
    for (const line of await lines(refusal(404, 'notFound', 'The specified bucket does not exist.')))
      expect(line).toMatch(
        /there is no bucket "bucket" at 127\.0\.0\.1:\d+\. Create the bucket, or name another one: mortise artifact-store update team/,
      );
  });

  it.each([
    ['a web page', answering(200, '<!doctype html><html></html>', 'text/html')],
    ['a web page that is not found', answering(404, '<html></html>', 'text/html')],
    ['a web page that is forbidden', answering(403, '<html></html>', 'text/html')],
    ['JSON of another service', answering(200, '{"hello":"world"}')],
    [
      'another address',
      (request, answer) => void request.resume().on('end', () => answer.writeHead(302, { location: '/x', connection: 'close' }).end()),
    ],
  ])('that an endpoint is no GCS which answers with %s', async (_what, listener) => {
    const store = await openStore({ path, endpoint: `http://${await listening(createServer(listener))}` });
    const failure = await store.check(AbortSignal.timeout(60_000)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      line: expect.stringMatching(/is no GCS server: .*Check the address of the server: .* --endpoint=URL/),
    });
  });

  it('that a server speaks no HTTP, or no TLS', async () => {
    const echo = createTcpServer((socket) => void socket.on('error', () => undefined).end('220 ready\r\n'));
    const tcp = await openStore({ path, endpoint: `http://${await listening(echo)}` });
    await expect(tcp.stat('x')).rejects.toMatchObject({ line: expect.stringContaining('it does not speak HTTP, or only https') });
    const tls = await openStore({ path, endpoint: `https://${await listening(createServer(answering(200, '{}')))}` });
    await expect(tls.stat('x')).rejects.toMatchObject({ line: expect.stringContaining('does not speak TLS: http instead of https?') });
  });

  it('that nothing listens there', async () => {
    const { url: endpoint, stop } = await startNobody();
    const store = await openStore({ path, endpoint });
    await expect(store.check(AbortSignal.timeout(60_000))).rejects.toMatchObject({
      line: expect.stringMatching(/cannot be reached: nothing listens there \(ECONNREFUSED\)\. See that the server runs/),
    });
    await stop();
  });

  it.each([
    ['ENOTFOUND', /there is no host of this name \(ENOTFOUND\)\. Check the address/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. Have Node trust/],
  ])('what %s means', async (code, said) => {
    const failing = (async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('of the system'), { code }) });
    }) as typeof fetch;
    const store = await openStore({ path, endpoint: 'https://gcs.example.com' }, failing);
    await expect(store.stat('x')).rejects.toMatchObject({ line: expect.stringMatching(said) });
  });
});
