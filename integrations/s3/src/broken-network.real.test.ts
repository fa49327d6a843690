import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import { loadValue } from '../../../core/src/artifacts/load-value.ts';
import { saveValue } from '../../../core/src/artifacts/save-value.ts';
import type { S3ArtifactStore } from './s3-artifact-store.ts';
import { bytesOf, chunksOf } from '@mortise/object-storage/testing';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

const MIB = 1024 * 1024;

(canStart('s3') ? describe : describe.skip)('an S3 store behind a broken network', () => {
  let bucket: RealBucket;
  let store: S3ArtifactStore;
  beforeAll(async () => {
    bucket = await realBucket();
    store = await bucket.open({ partSize: 5 * MIB });
  });
  afterEach(() => {
    bucket.proxy.clear();
    bucket.proxy.forget();
  });
  afterAll(() => bucket?.stop());

  const large = randomBytes(22 * MIB);

  it('sends a part again whose connection was cut', async () => {
    const fault = bucket.proxy.inject({ kind: 'cut-upload', afterBytes: 2 * MIB }, { method: 'PUT', path: 'partNumber=3', times: 1 });
    const { size } = await store.put('cut/part', chunksOf(large));
    expect({ hits: fault.hits, size }).toEqual({ hits: 1, size: large.length });
    expect(bucket.proxy.count({ path: 'partNumber=3' })).toBe(2);
    expect((await bytesOf(store.get('cut/part'))).equals(large)).toBe(true);
    expect(await bucket.pending()).toEqual([]);
  });

  it.each(['whole', 'in parts'])('wins when the answer to its own create-only put is lost, sent %s', async (how) => {
    const body = how === 'whole' ? large.subarray(0, 1_000) : chunksOf(large);
    const scope = how === 'whole' ? { method: 'PUT', times: 1 } : { method: 'POST', path: /uploadId=/, times: 1 };
    const fault = bucket.proxy.inject({ kind: 'lose-answer' }, scope);
    const key = `lost/${how.replace(' ', '-')}`;
    await store.put(key, body, { createOnly: true });
    expect(fault.hits).toBe(1);
    await expect(store.put(key, Buffer.from('a second one'), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect((await store.stat(key))?.size).toBe(how === 'whole' ? 1_000 : large.length);
  });

  it.each(['whole', 'in parts'])('loses to another writer also when the answer that said so is lost, sent %s', async (how) => {
    const key = `beaten/${how.replace(' ', '-')}`;
    await store.put(key, Buffer.from('was first'));
    const scope = how === 'whole' ? { method: 'PUT', times: 1 } : { method: 'POST', path: /uploadId=/, times: 1 };
    const fault = bucket.proxy.inject({ kind: 'lose-answer' }, scope);
    const body = how === 'whole' ? Buffer.from('was first') : chunksOf(large);
    await expect(store.put(key, body, { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect(fault.hits).toBe(1);
    expect((await bytesOf(store.get(key))).toString()).toBe('was first');
  });

  it('goes on with a download where it was cut off, again and again', async () => {
    await store.put('cut/down', chunksOf(large));
    bucket.proxy.forget();
    bucket.proxy.inject({ kind: 'cut-download', afterBytes: 5 * MIB }, { method: 'GET' });
    expect((await bytesOf(store.get('cut/down'))).equals(large)).toBe(true);
    const ranges = bucket.proxy.requests.map(({ headers }) => headers.range);
    expect(ranges.length).toBeGreaterThanOrEqual(5);
    expect(ranges[0]).toBeUndefined();
    expect(bucket.proxy.requests.slice(1).every(({ headers }) => headers.range !== undefined && headers['if-match'] !== undefined)).toBe(
      true,
    );
    const [from, to] = [3 * MIB, 17 * MIB + 5];
    expect((await bytesOf(store.get('cut/down', { from, to }))).equals(large.subarray(from, to))).toBe(true);
  });

  it('never joins the halves of two objects', async () => {
    await store.put('replaced', chunksOf(large));
    bucket.proxy.inject({ kind: 'cut-download', afterBytes: 6 * MIB }, { method: 'GET', times: 1 });
    const reading = store.get('replaced');
    await reading.next();
    await store.put('replaced', chunksOf(Buffer.alloc(large.length)));
    await expect(bytesOf(reading)).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('replaced while it was read'),
    });
  });

  it('hands out no value of which a byte is wrong', async () => {
    const value = new Float64Array(400_000).map((_, i) => i);
    const saved = await saveValue(value, { store, keyPrefix: 'pipeline/0123456789abcdef0123456789abcdef' });
    const version = { ...saved, artifact: 'pipeline/array', version: 1, manifest: undefined } as unknown as Parameters<typeof loadValue>[0];
    expect(await loadValue(version, store)).toEqual(value);
    const fault = bucket.proxy.inject({ kind: 'flip-byte', at: 2_000_000 }, { method: 'GET' });
    await expect(loadValue(version, store)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(fault.hits).toBe(1);
  });

  it.each([503, 429, 500])('tries again what was answered with %i', async (status) => {
    const fault = bucket.proxy.inject({ kind: 'answer', status, body: 'busy' }, { times: 2 });
    await store.put(`busy/${status}`, Buffer.from('text'));
    expect(fault.hits).toBe(2);
    expect((await bytesOf(store.get(`busy/${status}`))).toString()).toBe('text');
  });

  it.each(['PUT', 'GET'])('ends when a %s falls into a black hole', async (method) => {
    const key = 'black/hole';
    await store.put(key, Buffer.from('text'));
    const impatient = await bucket.open({ timeoutMs: 1_500 });
    const fault = bucket.proxy.inject({ kind: 'black-hole' }, { method });
    const begin = Date.now();
    const call = method === 'PUT' ? impatient.put(key, Buffer.from('other')) : bytesOf(impatient.get(key));
    await expect(call).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED', message: expect.stringContaining('did not answer in time') });
    expect(fault.hits).toBe(3);
    // With the patience of the others it would be a minute.
    expect(Date.now() - begin).toBeLessThan(30_000);
  });

  it('goes on with a download that falls silent', async () => {
    await store.put('silent', chunksOf(large));
    const impatient = await bucket.open({ timeoutMs: 500 });
    const fault = bucket.proxy.inject({ kind: 'cut-download', afterBytes: 3 * MIB, silently: true }, { method: 'GET', times: 1 });
    expect((await bytesOf(impatient.get('silent'))).equals(large)).toBe(true);
    expect(fault.hits).toBe(1);
  });

  it('stops at once when it is told to, whatever it waits for', async () => {
    await store.put('stopped', Buffer.from('text'));
    bucket.proxy.inject({ kind: 'black-hole' }, { times: 2 });
    const begin = Date.now();
    const signal = AbortSignal.timeout(200);
    await expect(store.put('stopped', Buffer.from('other'), { signal })).rejects.toHaveProperty('name', 'TimeoutError');
    const second = AbortSignal.timeout(200);
    await expect(bytesOf(store.get('stopped', { signal: second }))).rejects.toHaveProperty('name', 'TimeoutError');
    bucket.proxy.inject({ kind: 'reset' });
    const third = AbortSignal.timeout(1_000);
    await expect(store.put('stopped', Buffer.from('other'), { signal: third })).rejects.toHaveProperty('name', 'TimeoutError');
    // A call that is not told gives up after 20 s.
    expect(Date.now() - begin).toBeLessThan(15_000);
  });

  it('stops in the middle of a download', async () => {
    await store.put('middle', chunksOf(large));
    bucket.proxy.inject({ kind: 'cut-download', afterBytes: 3 * MIB, silently: true }, { method: 'GET' });
    const signal = AbortSignal.timeout(800);
    await expect(bytesOf(store.get('middle', { signal }))).rejects.toHaveProperty('name', 'TimeoutError');
  });

  it('leaves no unfinished upload, whether the body fails, the server or the caller', async () => {
    const closed = await bucket.open({ partSize: 5 * MIB });
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      throw new Error('the source is gone');
    }
    await expect(closed.put('unfinished', failing())).rejects.toThrow('the source is gone');
    bucket.proxy.inject({ kind: 'answer', status: 400 }, { path: 'partNumber=2' });
    await expect(closed.put('unfinished', chunksOf(large))).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    bucket.proxy.clear();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      await new Promise(() => undefined);
    }
    const stop = new AbortController();
    const before = bucket.proxy.count({ path: 'partNumber' });
    const put = expect(closed.put('unfinished', hanging(), { signal: stop.signal })).rejects.toThrow('enough');
    while (bucket.proxy.count({ path: 'partNumber' }) === before) await delay(5);
    stop.abort(new Error('enough'));
    await put;
    // Who stopped it did not wait for its end.
    await closed[Symbol.asyncDispose]();
    expect(bucket.proxy.count({ method: 'POST', path: 'uploads' })).toBe(3);
    expect(await bucket.pending()).toEqual([]);
    expect(await store.stat('unfinished')).toBeUndefined();
  });

  it.each([0, 60, 120, 300])('leaves no upload that was stopped %i ms after it was asked for, which takes 100 ms', async (ms) => {
    const closed = await bucket.open({ partSize: 5 * MIB });
    bucket.proxy.inject({ kind: 'delay', ms: 100 }, { method: 'POST', path: 'uploads' });
    // However fast the machine is: it is stopped before it is done.
    bucket.proxy.inject({ kind: 'black-hole' }, { path: 'partNumber' });
    const stop = new AbortController();
    const put = closed.put('begun', large, { signal: stop.signal });
    while (bucket.proxy.requests.length === 0) await delay(1);
    setTimeout(() => stop.abort(new Error('enough')), ms);
    await expect(put).rejects.toThrow('enough');
    await closed[Symbol.asyncDispose]();
    expect(bucket.proxy.count({ method: 'POST', path: 'uploads' })).toBe(1);
    expect(bucket.proxy.count({ method: 'DELETE' })).toBeGreaterThan(0);
    expect(await bucket.pending()).toEqual([]);
  });

  it('stops an upload in parts at once although the server has fallen silent', async () => {
    const closed = await bucket.open({ partSize: 5 * MIB });
    bucket.proxy.inject({ kind: 'black-hole' }, { path: /partNumber|uploadId/ });
    const stop = new AbortController();
    const put = closed.put('silence', large, { signal: stop.signal });
    while (bucket.proxy.count({ path: 'partNumber' }) < 4) await delay(1);
    stop.abort(new Error('enough'));
    await expect(put).rejects.toThrow('enough');
    const ended = performance.now();
    await closed[Symbol.asyncDispose]();
    // That waited for the abort of the upload, which is given up after 5 s. The put had not.
    expect(performance.now() - ended).toBeGreaterThan(2_000);
    bucket.proxy.clear();
    for (const { key, uploadId } of await bucket.pending()) await bucket.client().abortUpload(key, uploadId, AbortSignal.timeout(10_000));
  });
});
