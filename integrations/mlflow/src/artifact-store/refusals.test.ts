import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';

import { afterEach, describe, expect, test } from '@jest/globals';
import { ArtifactNotFound, ArtifactStoreFailed, isError, isMortiseError } from '@mortise/core';
import { startStubServer, type StubFault } from '@mortise/mlflow-client/testing';
import { startNobody, startPlainServer } from '@mortise/test-servers';

import { storeAt, textOf } from '../testing/store-at.ts';
import type { MlflowArtifactStoreConfig } from './mlflow-artifact-store-config.ts';
import type { MlflowArtifactStore } from './mlflow-artifact-store.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function stubStore(fault?: StubFault, config?: Partial<MlflowArtifactStoreConfig>) {
  const server = await startStubServer({ auth: { username: 'me', password: 'hunter2-secret' } });
  stops.push(() => server.stop());
  const mend = fault === undefined ? undefined : server.fail(fault);
  const access = { trackingUsername: 'me', trackingPassword: 'hunter2-secret' };
  return { server, mend, store: await storeAt(server.url, { ...access, ...config }) };
}

async function serverSaying(listener: RequestListener): Promise<string> {
  const { url, stop } = await startPlainServer(listener);
  stops.push(stop);
  return url;
}

/** What each call fails with, as one line for people. */
async function complaints(store: MlflowArtifactStore): Promise<string[]> {
  const calls = [
    () => store.put('a/b', Buffer.from('text')),
    () => store.check(AbortSignal.timeout(60_000)),
    () => textOf(store.get('a/b')),
    () => store.list(''),
    () => store.delete(['a/b']),
  ];
  const lines: string[] = [];
  for (const call of calls) {
    const error: unknown = await call().then(
      () => assert.fail('it did not fail'),
      (reason: unknown) => reason,
    );
    if (!isError(error, ArtifactStoreFailed)) throw error;
    lines.push(error.line);
  }
  for (const line of lines) expect(line).not.toMatch(/\n|hunter2|<html|Traceback/i);
  return lines;
}

describe('a failure is told in one line that says what to do, by every method', () => {
  test.each<[StubFault, RegExp]>([
    [
      'unauthorized',
      /does not know who asks, .* \(401\)\. Check the credentials: mortise artifact-store update shared --trackingUsername=/,
    ],
    ['forbidden', /Invalid Host header.* \(403\)\. Have this host allowed/],
    [
      'reset',
      /^ARTIFACT_STORE_FAILED: the artifact store "shared" failed .*cannot be reached.* See that the server runs, or give its address/,
    ],
    ['gateway', /failed at .*502/],
  ])('%s', async (fault, line) => {
    const { store } = await stubStore(fault);
    for (const told of await complaints(store)) expect(told).toMatch(line);
  });

  test('nobody listens', async () => {
    const { url, stop } = await startNobody();
    stops.push(stop);
    for (const told of await complaints(await storeAt(url))) expect(told).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  test('a server that hangs', async () => {
    const { store } = await stubStore('hang', { timeoutMs: 200 });
    for (const told of await complaints(store)) expect(told).toMatch(/did not answer .* within 0.2 s.*--timeoutMs=/);
  });

  test('a server that is no MLflow', async () => {
    const notFound = await serverSaying((request, response) => {
      request.resume();
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>no</html>');
    });
    for (const told of await complaints(await storeAt(notFound)))
      expect(told).toMatch(/Is it an MLflow tracking server\?.* --trackingUri=URL/);
  });

  test('a server that says yes to everything is found out by the check', async () => {
    const pleasant = await serverSaying((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>welcome</html>');
    });
    await expect((await storeAt(pleasant)).check(AbortSignal.timeout(60_000))).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringMatching(/Is it an MLflow tracking server\?/),
    });
  });

  test('no address at all, or half of the credentials, is told when the store is made', async () => {
    await expect(storeAt('http://127.0.0.1:1', { trackingUsername: 'me' })).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('trackingPassword is missing'),
    });
  });
});

describe('what may pass is tried again', () => {
  test('a connection that is cut once costs nothing', async () => {
    const { server, store } = await stubStore();
    const once = (): void => {
      const mend = server.fail('reset', () => {
        queueMicrotask(mend);
        return true;
      });
    };
    const calls = [
      () => store.put('a', Buffer.from('text')),
      () => textOf(store.get('a')),
      () => store.stat('a'),
      () => store.list(''),
      () => store.delete(['a']),
    ];
    for (const call of calls) {
      once();
      await call();
    }
    expect((await store.list('')).items).toEqual([]);
  });

  test('a stream is not: its bytes are gone, and the error says so at once', async () => {
    const { server, store } = await stubStore('reset');
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('text');
    }
    await expect(store.put('a', body())).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(server.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });
});

test('a store has its own folder: what others keep beside it is not seen, and not taken away', async () => {
  const { server, store } = await stubStore();
  const other = await storeAt(server.url, { trackingUsername: 'me', trackingPassword: 'hunter2-secret', path: 'mortise-2' });
  server.store.artifacts.put('1/run/artifacts/model.bin', Buffer.from('of a run'));
  server.store.artifacts.put('mortise/a~2', Buffer.from('of somebody'));
  await store.put('a', Buffer.from('ours'));
  await other.put('b', Buffer.from('theirs'));
  expect((await store.list('')).items.map(({ key }) => key)).toEqual(['a']);
  await store.delete(['a', 'b', '1']);
  expect([...server.store.artifacts.files.keys()].sort()).toEqual(['1/run/artifacts/model.bin', 'mortise-2/b', 'mortise/a~2']);
  expect(store.id).not.toBe(other.id);
});

test('a folder is never deleted for a key', async () => {
  const { store } = await stubStore();
  await store.put('a/b/c', Buffer.from('text'));
  await store.delete(['a', 'a/b']);
  expect(await textOf(store.get('a/b/c'))).toBe('text');
});

test('an id is the same by http and https, and tells servers, prefixes and folders apart', async () => {
  const idOf = async (uri: string, path = 'mortise') => (await storeAt(uri, { path })).id;
  expect(await idOf('http://mlflow.example.org/')).toBe('mlflow-artifacts://mlflow.example.org/mortise');
  expect(await idOf('https://mlflow.example.org')).toBe('mlflow-artifacts://mlflow.example.org/mortise');
  expect(await idOf('https://mlflow.example.org/team/')).toBe('mlflow-artifacts://mlflow.example.org/team/mortise');
  expect(await idOf('http://mlflow.example.org:5000', '7/x')).toBe('mlflow-artifacts://mlflow.example.org:5000/7/x');
});

test('what is not there has an error of its own, with its address', async () => {
  const { store, server } = await stubStore();
  const error: unknown = await textOf(store.get('a/b')).catch((reason: unknown) => reason);
  expect(isMortiseError(error) && error.message).toBe(`a/b is not there (${server.url}/api/2.0/mlflow-artifacts/artifacts/mortise/a/b)`);
  expect(isError(error, ArtifactNotFound)).toBe(true);
});

test.each(['PUT', 'GET', 'DELETE'])('a check that is given up at its %s leaves no object', async (method) => {
  const { server, store } = await stubStore();
  const caller = new AbortController();
  const mend = server.fail('lost', (request) => {
    if (request.method !== method) return false;
    setTimeout(() => (mend(), caller.abort(new Error('enough'))), 20);
    return true;
  });
  await expect(store.check(caller.signal)).rejects.toThrow('enough');
  expect([...server.store.artifacts.files.keys()]).toEqual([]);
  expect(server.requests.at(-1)!.method).toBe('DELETE');
});
