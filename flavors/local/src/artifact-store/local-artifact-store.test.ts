import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  ArtifactExists,
  ArtifactNotFound,
  ArtifactStoreFailed,
  BadArtifactKey,
  isError,
  type ArtifactStore,
  type PutOptions,
} from '@mortise/core';

import { create } from './local-artifact-store.ts';

// What every artifact store promises is in conformance.test.ts; here is what this one does besides.
let project: string;
let store: ArtifactStore;
beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'mortise-store-'));
  store = await open();
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };
const open = (config: object = {}, projectRoot = project): Promise<ArtifactStore> =>
  create({ config, name: 'local', log, fetch, scratch: projectRoot, projectRoot });
const folder = (): string => join(project, '.mortise', 'artifacts');
const put = (key: string, text: string, options?: PutOptions) => store.put(key, Buffer.from(text), options);

async function bytesOf(key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const textOf = async (key: string): Promise<string> => (await bytesOf(key)).toString();
const keysOf = async (prefix = ''): Promise<string[]> => (await store.list(prefix)).items.map(({ key }) => key);

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function expectError(promise: Promise<unknown>, type: Parameters<typeof isError>[1], message = ''): Promise<void> {
  const error = await promise.then(
    () => assert.fail('did not fail'),
    (reason: unknown) => reason,
  );
  expect({ code: (error as { code?: unknown }).code, isError: isError(error, type) }).toEqual({ code: type.code, isError: true });
  expect((error as Error).message).toContain(message);
}

function expectNothingLeft(): void {
  expect(readdirSync(join(folder(), '.tmp'))).toEqual([]);
}

describe('what is put can be had again', () => {
  test.each([256 * 1024, 256 * 1024 + 1, (3 << 20) + 7])('%i bytes, whole and as a stream of any chunks', async (size) => {
    const bytes = randomBytes(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(await store.put('a/whole', bytes, { size })).toEqual({ size, sha256 });
    expect(await store.put('a/pieces', chunked(bytes, 1000))).toEqual({ size, sha256 });
    expect(await store.put('a/large pieces', chunked(bytes, 2_000_000), { size })).toEqual({ size, sha256 });
    for (const key of await keysOf('a/')) expect((await bytesOf(key)).equals(bytes)).toBe(true);
    expectNothingLeft();
  });

  test('at its path and its URI', async () => {
    await put('a/each[0].json', 'text');
    expect(readFileSync(store.localPath!('a/each[0].json')!, 'utf8')).toBe('text');
    expect(readFileSync(fileURLToPath(store.uri('a/each[0].json')), 'utf8')).toBe('text');
  });
});

describe('keys', () => {
  test.each(['.tmp/x', '.tmp', '.mortise-artifact-store', '.mortise-artifact-store/x'])(
    '%j is refused, as the store keeps it for itself',
    async (key) => {
      await expectError(put(key, 'x'), BadArtifactKey);
      await expectError(bytesOf(key), BadArtifactKey);
      await expectError(store.stat(key), BadArtifactKey);
      await expectError(store.delete([key]), BadArtifactKey);
      expect(() => store.uri(key)).toThrow(BadArtifactKey);
      expect(() => store.localPath!(key)).toThrow(BadArtifactKey);
    },
  );

  test('none may be the folder of another', async () => {
    await put('a/b', 'x');
    await expectError(put('a', 'x'), BadArtifactKey, 'folder of another key');
    await expectError(put('a/b/c', 'x'), BadArtifactKey, 'cannot be a folder');
    await expectError(put('a/b/c/d', 'x', { createOnly: true }), BadArtifactKey);
    await expectError(put('a', 'x', { createOnly: true }), BadArtifactKey);
    expect(await keysOf()).toEqual(['a/b']);
    expectNothingLeft();
  });

  test('a key that cannot be deleted keeps no other, and is told at the end', async () => {
    await put('a/x', 'x');
    await put('z/x', 'x');
    symlinkSync(tmpdir(), join(folder(), 'link'));
    await expectError(store.delete(['a/x', 'link/x', 'z/x']), ArtifactStoreFailed, 'symbolic link');
    expect((await store.list('')).items).toEqual([]);
  });

  test('no symbolic link leads outside', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'mortise-outside-'));
    try {
      writeFileSync(join(outside, 'secret'), 'secret');
      symlinkSync(outside, join(folder(), 'link'));
      symlinkSync(join(outside, 'secret'), join(folder(), 'secret'));
      await expectError(put('link/new/x', 'x'), ArtifactStoreFailed, 'symbolic link');
      await expectError(bytesOf('link/secret'), ArtifactStoreFailed, 'symbolic link');
      await expectError(store.stat('link/secret'), ArtifactStoreFailed, 'symbolic link');
      await expectError(store.delete(['link/secret']), ArtifactStoreFailed, 'symbolic link');
      await expectError(bytesOf('secret'), ArtifactNotFound);
      expect(await keysOf()).toEqual([]);
      await put('secret', 'mine');
      expect(readdirSync(outside)).toEqual(['secret']);
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    } finally {
      rmSync(outside, { recursive: true });
    }
  });
});

test.each(['', '../', '/', '.tmp', '.m'])(
  'a list of %j leaves out what the store keeps for itself, and what lies outside',
  async (prefix) => {
    await put('a/b', '');
    writeFileSync(join(folder(), '.tmp', 'begun'), '');
    expect(await keysOf(prefix)).toEqual(prefix === '' ? ['a/b'] : []);
  },
);

describe('deleting', () => {
  test('also removes the folders that it empties', async () => {
    await put('a/b/c/1', '');
    await put('a/b/2', '');
    await store.delete(['a/b/c/1', 'a/b/c/1']);
    expect(existsSync(join(folder(), 'a', 'b', 'c'))).toBe(false);
    await store.delete(['a/b/2']);
    expect(readdirSync(folder()).sort()).toEqual(['.mortise-artifact-store', '.tmp']);
    await put('a/b/c/1', 'again');
    expect(await textOf('a/b/c/1')).toBe('again');
  });

  test('loses no object that is put into the same folder meanwhile', async () => {
    const another = await open();
    const churn = async (who: string, at: ArtifactStore): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        await at.put(`a/b/c/${who}`, Buffer.from(who));
        await at.delete([`a/b/c/${who}`]);
      }
      await at.put(`a/b/c/${who}`, Buffer.from(who));
    };
    await Promise.all([churn('1', store), churn('2', store), churn('3', another), churn('4', another)]);
    expect(await keysOf()).toEqual(['a/b/c/1', 'a/b/c/2', 'a/b/c/3', 'a/b/c/4']);
  });
});

describe('createOnly', () => {
  test('refuses a key that is taken, before it reads the body', async () => {
    await put('x', 'one', { createOnly: true });
    let read = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      read = true;
      yield Buffer.from('two');
    }
    await expectError(store.put('x', body(), { createOnly: true }), ArtifactExists);
    expect(read).toBe(false);
    expect(await textOf('x')).toBe('one');
  });

  test('leaves nothing of the writers who lost', async () => {
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => put('x', `writer ${i}`, { createOnly: true })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expectNothingLeft();
  });
});

describe('a put that fails leaves nothing', () => {
  test('when the body fails: its own error is thrown', async () => {
    const failure = Object.assign(new Error('the source is gone'), { code: 'ENOENT', syscall: 'open' });
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(3 << 20);
      throw failure;
    }
    await expect(store.put('x', body())).rejects.toBe(failure);
    expect(await keysOf()).toEqual([]);
    expectNothingLeft();
  });

  test('when the signal is aborted, even if the body hangs', async () => {
    const stop = new AbortController();
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(3 << 20);
      setTimeout(() => stop.abort(new Error('enough')), 20);
      await new Promise(() => undefined);
    }
    await expect(store.put('x', body(), { signal: stop.signal })).rejects.toThrow('enough');
    await expect(put('x', 'x', { signal: stop.signal })).rejects.toThrow('enough');
    expect(await keysOf()).toEqual([]);
    expectNothingLeft();
  });

  test('when the body is not as long as was said, or no bytes', async () => {
    await expectError(put('x', 'four', { size: 5 }), ArtifactStoreFailed, '4 bytes where 5');
    async function* words(): AsyncGenerator<string> {
      yield 'text';
    }
    await expect(store.put('x', words() as never)).rejects.toThrow('must consist of Uint8Arrays, not of strings');
    expect(await keysOf()).toEqual([]);
    expectNothingLeft();
  });
});

describe('a store is known by its folder', () => {
  test('whoever opens it first, and wherever the folder is moved', async () => {
    const other = join(project, 'other');
    const ids = await Promise.all(Array.from({ length: 10 }, () => open({ path: 'other' })));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    expect(ids[0]!.id).not.toBe(store.id);
    expect(ids[0]!.id).toMatch(/^[0-9a-f-]{36}$/);
    await ids[0]!.put('x', Buffer.from('moved'));
    renameSync(other, join(project, 'elsewhere'));
    const moved = await open({ path: join(project, 'elsewhere') });
    expect(moved.id).toBe(ids[0]!.id);
    expect(fileURLToPath(moved.uri('x'))).toBe(join(project, 'elsewhere', 'x'));
    expect(await moved.stat('x')).toBeDefined();
    expect(readdirSync(join(project, 'elsewhere')).sort()).toEqual(['.mortise-artifact-store', '.tmp', 'x']);
  });

  test('which may be reached by a symbolic link', async () => {
    mkdirSync(join(project, 'disk'));
    symlinkSync(join(project, 'disk'), join(project, 'linked'));
    const linked = await open({ path: 'linked' });
    await linked.put('a/x', Buffer.from('x'));
    expect(readFileSync(join(project, 'disk', 'a', 'x'), 'utf8')).toBe('x');
  });

  test('a broken marker is told, not replaced', async () => {
    writeFileSync(join(folder(), '.mortise-artifact-store'), '{');
    await expectError(open(), ArtifactStoreFailed, 'restore it');
  });

  test('a file in its place is told', async () => {
    writeFileSync(join(project, 'file'), '');
    await expectError(open({ path: 'file' }), ArtifactStoreFailed, join(project, 'file'));
  });

  test('what killed processes left is removed after a day', async () => {
    await put('x', '');
    for (const [name, hours] of [
      ['old', 25],
      ['young', 23],
    ] as const) {
      const path = join(folder(), '.tmp', name);
      writeFileSync(path, '');
      const at = Date.now() / 1000 - hours * 3600;
      utimesSync(path, at, at);
    }
    await open();
    expect(readdirSync(join(folder(), '.tmp'))).toEqual(['young']);
    expect(lstatSync(join(folder(), 'x')).isFile()).toBe(true);
  });
});
