import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import type { GcsArtifactStore } from './gcs-artifact-store.ts';
import { bytesOf, chunksOf } from '@mortise/object-storage/testing';
import { openStore } from './testing/open-store.ts';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

const KIB = 1024;
const PART = 256 * KIB;

type Scope = Parameters<RealBucket['proxy']['inject']>[1];
/** The requests with parts of an upload: each, all but the last, the last. */
const parts: Scope = { method: 'PUT', path: 'upload_id' };
const middle: Scope = { ...parts, when: ({ headers }) => String(headers['content-range']).endsWith('/*') };
const last: Scope = { ...parts, when: ({ headers }) => !String(headers['content-range']).endsWith('/*') };

(canStart('gcs') ? describe : describe.skip)('a GCS store behind a broken network', () => {
  let bucket: RealBucket;
  let store: GcsArtifactStore;
  beforeAll(async () => {
    bucket = await realBucket();
    store = await bucket.open({ partSize: PART });
  });
  afterEach(() => {
    bucket.proxy.clear();
    bucket.proxy.forget();
  });
  afterAll(() => bucket?.stop());

  const large = randomBytes(5 * PART + 1_001);

  it('sends a part again whose connection was cut', async () => {
    const fault = bucket.proxy.inject({ kind: 'cut-upload', afterBytes: 100 * KIB }, { ...middle, skip: 2, times: 1 });
    const { size } = await store.put('cut/part', chunksOf(large));
    expect({ hits: fault.hits, size }).toEqual({ hits: 1, size: large.length });
    expect(bucket.proxy.count(parts)).toBe(7);
    expect((await bytesOf(store.get('cut/part'))).equals(large)).toBe(true);
  });

  it.each(['whole', 'in parts'])('wins when the answer to its own create-only put is lost, sent %s', async (how) => {
    const body = how === 'whole' ? large.subarray(0, 1_000) : chunksOf(large);
    const scope: Scope = how === 'whole' ? { method: 'POST', path: 'uploadType=multipart' } : last;
    const fault = bucket.proxy.inject({ kind: 'lose-answer' }, { ...scope, times: 1 });
    const key = `lost/${how.replace(' ', '-')}`;
    await store.put(key, body, { createOnly: true });
    expect(fault.hits).toBe(1);
    await expect(store.put(key, Buffer.from('a second one'), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect((await store.stat(key))?.size).toBe(how === 'whole' ? 1_000 : large.length);
  });

  it.each(['whole', 'in parts'])('loses to another writer also when the answer that said so is lost, sent %s', async (how) => {
    const key = `beaten/${how.replace(' ', '-')}`;
    await store.put(key, Buffer.from('was first'));
    const scope: Scope = how === 'whole' ? { method: 'POST', path: 'uploadType=multipart' } : last;
    const fault = bucket.proxy.inject({ kind: 'lose-answer' }, { ...scope, times: 1 });
    const body = how === 'whole' ? Buffer.from('was first') : chunksOf(large);
    await expect(store.put(key, body, { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect(fault.hits).toBe(1);
    expect((await bytesOf(store.get(key))).toString()).toBe('was first');
  });

  it('takes away what was stored otherwise than it was sent: this server keeps a part twice whose answer was lost', async () => {
    const fault = bucket.proxy.inject({ kind: 'lose-answer' }, { ...middle, times: 1 });
    await expect(store.put('doubled', chunksOf(large))).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('did not arrive as they were sent'),
    });
    expect(fault.hits).toBe(1);
    expect(bucket.proxy.count({ method: 'DELETE', path: 'ifGenerationMatch' })).toBe(1);
    expect(await store.stat('doubled')).toBeUndefined();
  });

  it('has a body checked by the server, sent whole', async () => {
    const flipping: typeof fetch = (url, request) => {
      const body = request?.body;
      if (request?.method === 'POST' && ArrayBuffer.isView(body)) (body as Buffer)[(body as Buffer).indexOf('the bytes')]! ^= 1;
      return fetch(url, request);
    };
    const flawed = await openStore(bucket.config, flipping);
    await expect(flawed.put('flawed', Buffer.from('the bytes'))).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect(await store.stat('flawed')).toBeUndefined();
  });

  it('goes on with a download where it was cut off, again and again', async () => {
    await store.put('cut/down', chunksOf(large));
    bucket.proxy.forget();
    bucket.proxy.inject({ kind: 'cut-download', afterBytes: PART }, { method: 'GET' });
    expect((await bytesOf(store.get('cut/down'))).equals(large)).toBe(true);
    const [first, ...later] = bucket.proxy.requests;
    expect(first?.headers.range).toBeUndefined();
    expect(later.length).toBeGreaterThanOrEqual(5);
    expect(later.every(({ headers, path }) => headers.range !== undefined && /[?&]generation=\d+/.test(path))).toBe(true);
    const [from, to] = [3 * KIB, 4 * PART + 5];
    expect((await bytesOf(store.get('cut/down', { from, to }))).equals(large.subarray(from, to))).toBe(true);
  });

  it('never joins the halves of two objects', async () => {
    await store.put('replaced', chunksOf(large));
    bucket.proxy.inject({ kind: 'cut-download', afterBytes: PART }, { method: 'GET', times: 1 });
    const reading = store.get('replaced');
    await reading.next();
    await store.put('replaced', chunksOf(Buffer.alloc(large.length)));
    await expect(bytesOf(reading)).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('replaced or deleted while it was read'),
    });
  });

  it('leaves other downloads alone when one is left in the middle', async () => {
    await store.put('several', chunksOf(large));
    const others = [1, 2, 3].map(() => store.get('several'));
    const begun = await Promise.all(others.map(async (other) => (await other.next()).value!));
    for await (const chunk of store.get('several')) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const rests = await Promise.all(others.map(bytesOf));
    for (const [i, rest] of rests.entries()) expect(Buffer.concat([begun[i]!, rest]).equals(large)).toBe(true);
    expect(bucket.proxy.count({ method: 'GET', path: 'alt=media' })).toBe(4);
  });

  it.each([503, 429, 500])('tries again what was answered with %i', async (status) => {
    const fault = bucket.proxy.inject({ kind: 'answer', status, body: 'busy' }, { times: 2 });
    await store.put(`busy/${status}`, Buffer.from('text'));
    expect(fault.hits).toBe(2);
    expect((await bytesOf(store.get(`busy/${status}`))).toString()).toBe('text');
  });

  it.each(['POST', 'GET'])('ends when a %s falls into a black hole', async (method) => {
    const key = 'black/hole';
    await store.put(key, Buffer.from('text'));
    const impatient = await bucket.open({ timeoutMs: 1_500 });
    const fault = bucket.proxy.inject({ kind: 'black-hole' }, { method, path: method === 'GET' ? 'alt=media' : 'uploadType' });
    const call = method === 'POST' ? impatient.put(key, Buffer.from('other')) : bytesOf(impatient.get(key));
    await expect(call).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED', message: expect.stringContaining('did not answer in time') });
    expect(fault.hits).toBe(3);
  });

  it('goes on with a download that falls silent, and waits for a reader however long he takes', async () => {
    await store.put('silent', chunksOf(large));
    const impatient = await bucket.open({ timeoutMs: 2_500 });
    const fault = bucket.proxy.inject({ kind: 'cut-download', afterBytes: 300 * KIB, silently: true }, { method: 'GET', times: 1 });
    expect((await bytesOf(impatient.get('silent'))).equals(large)).toBe(true);
    expect(fault.hits).toBe(1);
    bucket.proxy.forget();
    const reading = impatient.get('silent');
    const { value: first } = await reading.next();
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(Buffer.concat([first!, await bytesOf(reading)]).equals(large)).toBe(true);
    expect(bucket.proxy.count({ method: 'GET' })).toBe(1);
  });

  it('stops when it is told to, whatever it waits for', async () => {
    await store.put('stopped', Buffer.from('text'));
    bucket.proxy.inject({ kind: 'black-hole' }, { times: 2 });
    const signal = AbortSignal.timeout(200);
    await expect(store.put('stopped', Buffer.from('other'), { signal })).rejects.toHaveProperty('name', 'TimeoutError');
    const second = AbortSignal.timeout(200);
    await expect(bytesOf(store.get('stopped', { signal: second }))).rejects.toHaveProperty('name', 'TimeoutError');
    bucket.proxy.inject({ kind: 'reset' });
    const third = AbortSignal.timeout(1_000);
    await expect(store.put('stopped', Buffer.from('other'), { signal: third })).rejects.toHaveProperty('name', 'TimeoutError');
  });

  it('leaves nothing that is seen, and gives the upload up, whether the body fails, the server or the caller', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      throw new Error('the source is gone');
    }
    await expect(store.put('unfinished', failing())).rejects.toThrow('the source is gone');
    bucket.proxy.inject({ kind: 'answer', status: 400 }, { ...middle, skip: 1 });
    await expect(store.put('unfinished', chunksOf(large))).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    bucket.proxy.clear();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      await new Promise(() => undefined);
    }
    const stop = new AbortController();
    const put = expect(store.put('unfinished', hanging(), { signal: stop.signal })).rejects.toThrow('enough');
    const before = bucket.proxy.count(parts);
    while (bucket.proxy.count(parts) === before) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('enough'));
    await put;
    expect(bucket.proxy.count({ method: 'POST', path: 'uploadType=resumable' })).toBe(3);
    while (bucket.proxy.count({ method: 'DELETE', path: 'upload_id' }) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.stat('unfinished')).toBeUndefined();
  });
});
