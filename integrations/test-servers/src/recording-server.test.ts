import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startRecordingServer, type RecordingServer } from './recording-server.ts';

describe('a recording server', () => {
  let server: RecordingServer;
  beforeAll(async () => {
    server = await startRecordingServer(({ path, json }) => {
      if (path === '/broken') throw new Error('no answer for this');
      return path === '/echo' ? { status: 201, json: json() } : undefined;
    });
  });
  afterAll(() => server.stop());

  test('keeps what it was sent, unzipped, and answers as it is told', async () => {
    server.forget();
    const body = gzipSync(JSON.stringify({ values: [1.5, 'NaN inside of a string'] }));
    const answer = await fetch(`${server.url}/echo?a=1`, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } });
    expect([answer.status, await answer.json()]).toEqual([201, { values: [1.5, 'NaN inside of a string'] }]);
    const [request] = server.requests;
    expect([request?.method, request?.path, request?.query.get('a')]).toEqual(['POST', '/echo', '1']);
  });

  test('reads what Python writes for numbers that JSON does not have', async () => {
    const answer = await fetch(`${server.url}/echo`, { method: 'POST', body: '{"a": NaN, "b": [-Infinity, Infinity], "c": "\\"NaN"}' });
    expect(await answer.json()).toEqual({ a: 'NaN', b: ['-Infinity', 'Infinity'], c: '"NaN' });
  });

  test('reads forms with files', async () => {
    server.forget();
    const form = new FormData();
    form.set('file', new Blob(['bytes']), 'a.bin');
    await fetch(`${server.url}/upload`, { method: 'POST', body: form });
    const file = (await server.requests[0]!.form()).get('file') as File;
    expect([file.name, await file.text()]).toEqual(['a.bin', 'bytes']);
  });

  test('says what its handler failed of', async () => {
    const answer = await fetch(`${server.url}/broken`);
    expect([answer.status, await answer.text()]).toEqual([500, 'Error: no answer for this']);
  });
});
