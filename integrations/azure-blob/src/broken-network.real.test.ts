import { randomBytes } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { canStart } from '@mortise/test-servers';

import type { AzureBlobArtifactStore } from './azure-blob-artifact-store.ts';
import { bytesOf, chunksOf } from '@mortise/object-storage/testing';
import { realContainer, type RealContainer } from './testing/real-container.ts';

const MIB = 1024 * 1024;
const COMMIT = 'comp=blocklist';
const BLOCKS = { path: 'comp=block&' };

(canStart('azurite') ? describe : describe.skip)('an Azure Blob store behind a broken network', () => {
  let container: RealContainer;
  let store: AzureBlobArtifactStore;
  beforeAll(async () => {
    container = await realContainer();
    store = await container.open({ partSize: MIB });
  });
  afterEach(() => {
    container.proxy.clear();
    container.proxy.forget();
  });
  afterAll(() => container?.stop());

  const large = randomBytes(5 * MIB + 17);
  const isWhole = { method: 'PUT', when: ({ path }: { path: string }) => !path.includes('comp='), times: 1 };
  const isCommit = { method: 'PUT', path: COMMIT, times: 1 };

  it('sends a block again whose connection was cut', async () => {
    const fault = container.proxy.inject(
      { kind: 'cut-upload', afterBytes: 300_000 },
      { method: 'PUT', path: 'comp=block&', skip: 2, times: 1 },
    );
    const { size } = await store.put('cut/block', chunksOf(large));
    expect({ hits: fault.hits, size }).toEqual({ hits: 1, size: large.length });
    expect(container.proxy.count({ path: 'comp=block&' })).toBe(7);
    expect((await bytesOf(store.get('cut/block'))).equals(large)).toBe(true);
  });

  it.each(['whole', 'in blocks'])('wins when the answer to its own create-only put is lost, sent %s', async (how) => {
    const body = how === 'whole' ? large.subarray(0, 1_000) : chunksOf(large);
    const fault = container.proxy.inject({ kind: 'lose-answer' }, how === 'whole' ? isWhole : isCommit);
    const key = `lost/${how.replace(' ', '-')}`;
    await store.put(key, body, { createOnly: true });
    expect(fault.hits).toBe(1);
    await expect(store.put(key, Buffer.from('a second one'), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect((await store.stat(key))?.size).toBe(how === 'whole' ? 1_000 : large.length);
  });

  it.each(['whole', 'in blocks'])('loses to another writer also when the answer that said so is lost, sent %s', async (how) => {
    const key = `beaten/${how.replace(' ', '-')}`;
    await store.put(key, Buffer.from('was first'));
    const fault = container.proxy.inject({ kind: 'lose-answer' }, how === 'whole' ? isWhole : isCommit);
    const body = how === 'whole' ? Buffer.from('was first') : chunksOf(large);
    await expect(store.put(key, body, { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    expect(fault.hits).toBe(1);
    expect((await bytesOf(store.get(key))).toString()).toBe('was first');
  });

  it('tells a writer whose blocks another writer has made away with, and who has lost that he has', async () => {
    // So Azure answers when somebody else's blob appeared between the blocks and their list. Azurite keeps the blocks.
    const headers = { 'x-ms-request-id': '1', 'x-ms-error-code': 'InvalidBlockList' };
    container.proxy.inject({ kind: 'answer', status: 400, headers }, { path: COMMIT });
    await store.put('both', Buffer.from('in between'));
    await expect(store.put('both', chunksOf(large))).rejects.toMatchObject({
      line: expect.stringMatching(/another writer wrote the same blob meanwhile, .*\. Let one writer write it, or try again\./),
    });
    await expect(store.put('both', chunksOf(large), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
    await expect(store.put('neither', chunksOf(large), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    expect((await bytesOf(store.get('both'))).toString()).toBe('in between');
  });

  it('does not say that another writer won when it cannot know', async () => {
    container.proxy.inject({ kind: 'lose-answer' }, isWhole);
    container.proxy.inject({ kind: 'answer', status: 403, headers: { 'x-ms-request-id': '1' } }, { method: 'HEAD' });
    await expect(store.put('unknown', Buffer.from('text'), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
  });

  it('goes on with a download where it was cut off, again and again', async () => {
    await store.put('cut/down', chunksOf(large));
    container.proxy.forget();
    container.proxy.inject({ kind: 'cut-download', afterBytes: MIB }, { method: 'GET' });
    expect((await bytesOf(store.get('cut/down'))).equals(large)).toBe(true);
    const [first, ...others] = container.proxy.requests.map(({ headers }) => headers);
    expect(first!['x-ms-range']).toBeUndefined();
    expect(others.length).toBeGreaterThanOrEqual(5);
    expect(others.every((headers) => headers['x-ms-range'] !== undefined && headers['if-match'] !== undefined)).toBe(true);
    const [from, to] = [MIB / 2, 4 * MIB + 5];
    expect((await bytesOf(store.get('cut/down', { from, to }))).equals(large.subarray(from, to))).toBe(true);
  });

  it('gives up a download when no connection brings a byte', async () => {
    await store.put('no/byte', Buffer.from('text'));
    container.proxy.forget();
    container.proxy.inject({ kind: 'cut-download', afterBytes: 0 }, { method: 'GET' });
    await expect(bytesOf(store.get('no/byte'))).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('ended the connection'),
    });
    expect(container.proxy.count({ method: 'GET' })).toBe(6);
  });

  it('never joins the halves of two blobs', async () => {
    await store.put('replaced', chunksOf(large));
    container.proxy.inject({ kind: 'cut-download', afterBytes: 2 * MIB }, { method: 'GET', times: 1 });
    const reading = store.get('replaced');
    await reading.next();
    await store.put('replaced', chunksOf(Buffer.alloc(large.length)));
    await expect(bytesOf(reading)).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      message: expect.stringContaining('replaced while it was read'),
    });
  });

  it.each([503, 500])('tries again what was answered with %i', async (status) => {
    const fault = container.proxy.inject({ kind: 'answer', status, body: 'busy' }, { times: 2 });
    await store.put(`busy/${status}`, Buffer.from('text'));
    expect(fault.hits).toBe(2);
    expect((await bytesOf(store.get(`busy/${status}`))).toString()).toBe('text');
  });

  it('ends when a request falls into a black hole, and goes on with a download that falls silent', async () => {
    await store.put('silent', chunksOf(large));
    const impatient = await container.open({ timeoutMs: 1_000 });
    const hole = container.proxy.inject({ kind: 'black-hole' });
    for (const call of [impatient.put('silent', Buffer.from('other')), bytesOf(impatient.get('silent')), impatient.stat('silent')])
      await expect(call).rejects.toMatchObject({
        code: 'ARTIFACT_STORE_FAILED',
        message: expect.stringContaining('did not answer within 1 s'),
      });
    hole.remove();
    const fault = container.proxy.inject({ kind: 'cut-download', afterBytes: MIB, silently: true }, { method: 'GET', times: 1 });
    expect((await bytesOf(impatient.get('silent'))).equals(large)).toBe(true);
    expect(fault.hits).toBe(1);
  });

  it('does not hold the time against a download that its reader takes', async () => {
    await store.put('slowly', chunksOf(large));
    const impatient = await container.open({ timeoutMs: 2_500 });
    container.proxy.forget();
    let size = 0;
    for await (const chunk of impatient.get('slowly')) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 3_500));
      size += chunk.length;
    }
    expect(size).toBe(large.length);
    expect(container.proxy.count({ method: 'GET' })).toBe(1);
  });

  it('stops at once when it is told to, whatever it waits for', async () => {
    await store.put('stopped', Buffer.from('text'));
    const hole = container.proxy.inject({ kind: 'black-hole' });
    const signal = AbortSignal.timeout(200);
    await expect(store.put('stopped', Buffer.from('other'), { signal })).rejects.toHaveProperty('name', 'TimeoutError');
    await expect(store.put('stopped', chunksOf(large), { signal: AbortSignal.timeout(200) })).rejects.toHaveProperty(
      'name',
      'TimeoutError',
    );
    const second = AbortSignal.timeout(200);
    await expect(bytesOf(store.get('stopped', { signal: second }))).rejects.toHaveProperty('name', 'TimeoutError');
    hole.remove();
    container.proxy.inject({ kind: 'cut-download', afterBytes: 2, silently: true }, { method: 'GET' });
    const third = AbortSignal.timeout(1_000);
    await expect(bytesOf(store.get('stopped', { signal: third }))).rejects.toHaveProperty('name', 'TimeoutError');
    expect((await bytesOf(await unbroken())).toString()).toBe('text');
  });

  const unbroken = async () => {
    container.proxy.clear();
    return store.get('stopped');
  };

  it('leaves nothing to see of a put that failed, whether the body did, the server or the caller', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      throw new Error('the source is gone');
    }
    await expect(store.put('unfinished', failing())).rejects.toThrow('the source is gone');
    container.proxy.inject({ kind: 'answer', status: 400, headers: { 'x-ms-request-id': '1' } }, { path: 'comp=block&', skip: 1 });
    await expect(store.put('unfinished', chunksOf(large))).rejects.toMatchObject({ code: 'ARTIFACT_STORE_FAILED' });
    container.proxy.clear();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      await new Promise(() => undefined);
    }
    const stop = new AbortController();
    const before = container.proxy.count(BLOCKS);
    const put = expect(store.put('unfinished', hanging(), { signal: stop.signal })).rejects.toThrow('enough');
    while (container.proxy.count(BLOCKS) === before) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('enough'));
    await put;
    expect(container.proxy.count({ path: COMMIT })).toBe(0);
    expect(await store.stat('unfinished')).toBeUndefined();
    expect((await store.list('unfinished')).items).toEqual([]);
  });

  it.each([0, 4])('creates a blob of %i bytes where a killed writer has left blocks', async (size) => {
    const key = `left/${size}`;
    const stop = new AbortController();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(large);
      await new Promise(() => undefined);
    }
    container.proxy.forget();
    const put = expect(store.put(key, hanging(), { createOnly: true, signal: stop.signal })).rejects.toThrow('killed');
    const arrived = (): boolean => container.proxy.requests.some(({ path, status }) => path.includes('comp=block&') && status === 201);
    while (!arrived()) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('killed'));
    await put;
    await store.put(key, Buffer.alloc(size), { createOnly: true });
    expect((await store.stat(key))?.size).toBe(size);
    await expect(store.put(key, Buffer.alloc(size), { createOnly: true })).rejects.toMatchObject({ code: 'ARTIFACT_EXISTS' });
  });
});
