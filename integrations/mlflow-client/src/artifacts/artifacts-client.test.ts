import type { RequestListener } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';
import { startPlainServer } from '@mortise/test-servers';

import { MlflowClient, proxiedArtifactPath } from '../index.ts';
import { bytesOf, failsWith } from '../testing/claims/claim.ts';
import { startStubServer, type StubServer, type StubServerOptions } from '../testing/index.ts';
import type { ArtifactsClient } from './artifacts-client.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const auth = { username: 'ada', password: 'right-one' };

async function place(options: StubServerOptions = {}, timeoutMs = 5_000): Promise<{ server: StubServer; client: MlflowClient }> {
  const server = await startStubServer({ auth, ...options });
  stops.push(() => server.stop());
  return { server, client: new MlflowClient({ trackingUri: server.url, ...auth, timeoutMs, multipartThreshold: 100, partSize: 64 }) };
}

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < count; at++) yield new Uint8Array(size).fill(at);
}

const calls = ({ requests }: StubServer) =>
  requests.map(({ method, path }) => `${method} ${/^(?:\/api\/2\.0\/mlflow-artifacts)?\/(mpu\/\w+|artifacts|storage)/.exec(path)?.[1]}`);

describe('an upload in parts', () => {
  test('goes to the storage part by part, without our credentials, and comes back whole', async () => {
    const { server, client } = await place({ multipart: true });
    const expected = await bytesOf(chunks(10, 20));
    await client.artifacts.put('1/run/artifacts/a b/ä', chunks(10, 20), { size: 200 });
    expect(calls(server)).toEqual(['POST mpu/create', 'PUT storage', 'PUT storage', 'PUT storage', 'PUT storage', 'POST mpu/complete']);
    const parts = server.requests.filter(({ path }) => path.startsWith('/storage'));
    expect(parts.map(({ body }) => body.length)).toEqual([64, 64, 64, 8]);
    expect(parts.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await bytesOf(client.artifacts.get('1/run/artifacts/a b/ä'))).toEqual(expected);
  });

  test('takes bytes that are there whole, and a size that parts divide', async () => {
    const { server, client } = await place({ multipart: true });
    await client.artifacts.put('1/whole', new Uint8Array(128).fill(7));
    expect(server.requests.filter(({ path }) => path.startsWith('/storage'))).toHaveLength(2);
    expect(server.store.artifacts.files.get('1/whole')?.bytes).toHaveLength(128);
  });

  test('is for large files only, whose size is told', async () => {
    const { server, client } = await place({ multipart: true });
    await client.artifacts.put('1/small', chunks(1, 99), { size: 99 });
    await client.artifacts.put('1/untold', chunks(10, 20));
    await client.artifacts.put('root', chunks(10, 20), { size: 200 });
    expect(calls(server)).toEqual(['PUT artifacts', 'PUT artifacts', 'PUT artifacts']);
  });

  test('is tried once with a server that has no parts, whose answer 501 costs no byte', async () => {
    const { server, client } = await place();
    const expected = await bytesOf(chunks(10, 20));
    for (let at = 0; at < 2; at++) await client.artifacts.put('1/a', chunks(10, 20), { size: 200 });
    expect(calls(server)).toEqual(['POST mpu/create', 'PUT artifacts', 'PUT artifacts']);
    expect(await bytesOf(client.artifacts.get('1/a'))).toEqual(expected);
  });

  test.each([
    ['a part', (path: string) => path.startsWith('/storage') && path.endsWith('/2'), 'server'],
    ['its completion', (path: string) => path.includes('mpu/complete'), 'server'],
  ] as const)('that fails at %s is aborted, and leaves nothing', async (_, isMeant, kind) => {
    const { server, client } = await place({ multipart: true });
    server.fail('failed', ({ path }) => isMeant(path));
    const error = await failsWith(kind, client.artifacts.put('1/a', chunks(10, 20), { size: 200 }));
    expect(error.message).not.toContain('signed');
    expect(calls(server).at(-1)).toBe('POST mpu/abort');
    expect(server.uploads.size).toBe(0);
    expect(server.store.artifacts.files.size).toBe(0);
  });

  test.each([
    [400, 'RequestTimeout', 'busy'],
    [404, 'NoSuchUpload', 'busy'],
    [400, 'EntityTooLarge', 'invalid'],
    [403, 'AccessDenied', 'forbidden'],
  ] as const)('of which the storage refuses a part with %i %s fails with that, of kind "%s"', async (status, code, kind) => {
    const server = await startPlainServer((request, response) => {
      request.resume().on('end', () => {
        const credentials = [1, 2, 3, 4].map((part) => ({ url: `${server.url}/part?X-Amz-Signature=signed`, part_number: part }));
        if (request.url!.startsWith('/api')) return response.end(JSON.stringify({ upload_id: 'u', credentials }));
        const said = `<?xml version="1.0"?><Error><Code>${code}</Code><StringToSign>signed</StringToSign></Error>`;
        response.writeHead(status, { 'content-type': 'application/xml' }).end(said);
      });
    });
    stops.push(() => server.stop());
    const { artifacts } = new MlflowClient({ trackingUri: server.url, multipartThreshold: 100, partSize: 64 });
    const error = await failsWith(kind, artifacts.put('1/a', chunks(10, 20), { size: 200 }), new RegExp(code));
    expect(error).toMatchObject({ status, errorCode: code });
    expect(error.message).not.toMatch(/signed|tracking server\?|\n/);
  });

  test('whose source fails, or has other bytes than it was said to have, is aborted with the source’s error', async () => {
    const { server, client } = await place({ multipart: true });
    for (const size of [199, 201, 300]) await failsWith('invalid', client.artifacts.put('1/a', chunks(10, 20), { size }), /said to have/);
    const failing = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      yield new Uint8Array(100);
      throw new RangeError('mine');
    };
    await expect(client.artifacts.put('1/a', failing(), { size: 200 })).rejects.toThrow(RangeError);
    expect(server.uploads.size).toBe(0);
    expect(server.store.artifacts.files.size).toBe(0);
  });

  test('that its caller gives up is aborted', async () => {
    const { server, client } = await place({ multipart: true });
    const reason = new Error('enough');
    const giving = new AbortController();
    server.fail('hang', ({ path }) => {
      const isPart = path.startsWith('/storage');
      if (isPart) giving.abort(reason);
      return isPart;
    });
    await expect(client.artifacts.put('1/a', chunks(10, 20), { size: 200, signal: giving.signal })).rejects.toBe(reason);
    expect(server.uploads.size).toBe(0);
  });
});

test('an upload in parts whose source hangs ends when its caller gives up, and is aborted', async () => {
  const { server, client } = await place({ multipart: true });
  const [reason, giving] = [new Error('enough'), new AbortController()];
  let isReleased = false;
  const next = (): Promise<never> => {
    setTimeout(() => giving.abort(reason), 20);
    return new Promise(() => undefined);
  };
  const letGo = async () => ((isReleased = true), { done: true as const, value: undefined });
  const hanging: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next, return: letGo }) };
  await expect(client.artifacts.put('1/a', hanging, { size: 200, signal: giving.signal })).rejects.toBe(reason);
  expect(calls(server)).toEqual(['POST mpu/create', 'POST mpu/abort']);
  expect([server.uploads.size, isReleased]).toEqual([0, true]);
});

describe('a transfer', () => {
  test('that takes longer than the timeout in all, but never without progress, goes through', async () => {
    const { client } = await place({}, 2_000);
    const slow = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = 0; at < 5; at++) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        yield new Uint8Array(10).fill(at);
      }
    };
    await client.artifacts.put('1/slow', slow());
    const got: number[] = [];
    for await (const chunk of client.artifacts.get('1/slow')) {
      if (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 3_000));
      got.push(...chunk);
    }
    expect(got).toHaveLength(50);
  });

  test('whose server goes silent ends with kind "timeout"', async () => {
    const { server, client } = await place({}, 60);
    server.fail('hang');
    await failsWith('timeout', client.artifacts.put('1/a', chunks(100, 100_000)));
    await failsWith('timeout', bytesOf(client.artifacts.get('1/a')));
  });

  test('that breaks off while it comes down fails, and never looks whole', async () => {
    const server = await startPlainServer((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('x'.repeat(100));
      setTimeout(() => response.destroy(), 30);
    });
    stops.push(() => server.stop());
    const client = new MlflowClient({ trackingUri: server.url });
    await failsWith('unreachable', bytesOf(client.artifacts.get('1/a')));
  });

  test('that a server ignores the range of is cut here', async () => {
    const server = await startPlainServer((_, response) => void response.writeHead(200).end('0123456789'));
    stops.push(() => server.stop());
    const client = new MlflowClient({ trackingUri: server.url });
    expect((await bytesOf(client.artifacts.get('1/a', { from: 3, to: 6 }))).toString()).toBe('345');
    expect((await bytesOf(client.artifacts.get('1/a', { from: 20 }))).toString()).toBe('');
  });

  test('that is refused before its body is sent says why', async () => {
    const { server, client } = await place();
    for (const [fault, kind] of [
      ['unauthorized', 'unauthorized'],
      ['forbidden', 'forbidden'],
      ['locked', 'busy'],
    ] as const) {
      const mend = server.fail(fault);
      await failsWith(kind, client.artifacts.put('1/a', chunks(200, 100_000)));
      mend();
    }
  });

  test('through a server without proxy says so, and is not worth another try', async () => {
    const said = { detail: 'Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to enable.' };
    const server = await startPlainServer((request, response) => {
      request.resume();
      response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
    stops.push(() => server.stop());
    await failsWith('protocol', new MlflowClient({ trackingUri: server.url }).artifacts.put('1/a', Buffer.from('x')), /--serve-artifacts/);
  });

  test('that its reader leaves early frees the connection', async () => {
    const { client } = await place();
    await client.artifacts.put('1/large', new Uint8Array(5_000_000));
    for await (const chunk of client.artifacts.get('1/large')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect((await client.artifacts.stat('1/large'))?.size).toBe(5_000_000);
  });
});

describe('a server that is no MLflow', () => {
  const artifacts = async (listen: RequestListener) => {
    const server = await startPlainServer(listen);
    stops.push(() => server.stop());
    return new MlflowClient({ trackingUri: server.url, token: 'our-secret', multipartThreshold: 1_000 }).artifacts;
  };

  test.each<[string, (artifacts: ArtifactsClient) => Promise<unknown>]>([
    ['bytes are put', (artifacts) => artifacts.put('1/a', Buffer.from('x'))],
    ['a stream is put', (artifacts) => artifacts.put('1/a', chunks(10, 20))],
    ['an artifact in parts is put', (artifacts) => artifacts.put('1/a', chunks(100, 20), { size: 2_000 })],
    ['its size is asked for', (artifacts) => artifacts.stat('1/a')],
    ['it is read', (artifacts) => bytesOf(artifacts.get('1/a'))],
    ['a folder is listed', (artifacts) => artifacts.list('1')],
    ['it is deleted', (artifacts) => artifacts.delete('1/a')],
  ])('but answers with a login page and 200 is kind "protocol" when %s', async (_, call) => {
    const asked = await artifacts((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><title>Log in</title>');
    });
    await failsWith('protocol', call(asked), /Is it an MLflow tracking server\? \(200\)$/);
  });

  test('but a login page in place of the storage fails the part, and the upload is aborted', async () => {
    const { server, client } = await place({ multipart: true });
    server.fail('page', ({ path }) => path.startsWith('/storage'));
    await failsWith('protocol', client.artifacts.put('1/a', chunks(10, 20), { size: 200 }), /^The storage behind .* a web page/);
    expect([server.uploads.size, server.store.artifacts.files.size]).toEqual([0, 0]);
  });

  test.each<[string, () => Uint8Array | AsyncIterable<Uint8Array>]>([
    ['bytes', () => Buffer.from('x')],
    ['a stream', () => chunks(200, 10_000)],
  ])('but redirects %s is kind "protocol" and says where to; nothing is sent there', async (_, body) => {
    const reached: unknown[] = [];
    const other = await startPlainServer((request, response) => {
      reached.push(request.url);
      response.end();
    });
    stops.push(() => other.stop());
    const asked: string[] = [];
    const redirecting = await artifacts((request, response) => {
      asked.push(request.method!);
      request.resume();
      response.writeHead(302, { location: `${other.url.replace('//', '//u:secret@')}/login?token=secret` }).end();
    });
    const error = await failsWith('protocol', redirecting.put('1/a', body()), /answers artifact 1\/a with a redirect to http/);
    expect(error.status).toBe(302);
    expect(error.message).toContain(`${other.url}/login, which is not followed`);
    expect(error.message).not.toContain('secret');
    expect(asked.filter((method) => method === 'PUT')).toHaveLength(1);
    expect(reached).toEqual([]);
  });

  test('but redirects writing alone says so', async () => {
    const redirecting = await artifacts((request, response) => {
      request.resume();
      response.writeHead(request.method === 'PUT' ? 307 : 404, { location: '/login' }).end();
    });
    await failsWith('protocol', redirecting.put('1/a', chunks(10, 20)), /answers artifact 1\/a with a redirect, which is not followed$/);
  });
});

test('the path behind an artifact URI is told for this server’s proxy only', () => {
  expect(proxiedArtifactPath('mlflow-artifacts:/1/run/artifacts')).toBe('1/run/artifacts');
  expect(proxiedArtifactPath('mlflow-artifacts:/1/run/artifacts/')).toBe('1/run/artifacts');
  expect(proxiedArtifactPath('mlflow-artifacts:///1/run')).toBe('1/run');
  expect(proxiedArtifactPath('mlflow-artifacts:/')).toBe('');
  for (const uri of ['mlflow-artifacts://other:5000/1/run', 's3://bucket/1/run', '/mlruns/1', 'file:///mlruns/1']) {
    expect(proxiedArtifactPath(uri)).toBeUndefined();
  }
});
