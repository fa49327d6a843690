import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { openStore } from './testing/open-store.ts';
import { stubServer, type StubServer } from './testing/stub-server.ts';

let server: StubServer;
beforeEach(async () => {
  server = await stubServer();
});
afterEach(() => server.close());

it.each([1, 2])('a check that is given up at its request %i leaves no blob', async (number) => {
  const caller = new AbortController();
  const written = { 'x-ms-request-id': '1', etag: '"1"', 'last-modified': new Date(0).toUTCString() };
  server.answer = [201, '', written];
  server.onRequest = () => {
    if (server.requests.length === number) caller.abort(new Error('enough'));
    if (server.requests.length > number) server.answer = [202, '', written];
  };
  const accountKey = Buffer.from('key').toString('base64');
  const store = await openStore({ path: 'az://box/ours', account: 'mortise', accountUrl: `${server.url}/mortise`, accountKey });
  await expect(store.check(caller.signal)).rejects.toThrow('enough');
  expect(server.requests.map(({ method }) => method)).toEqual([...Array<string>(number).fill('PUT'), 'DELETE']);
  await store[Symbol.asyncDispose]();
});
