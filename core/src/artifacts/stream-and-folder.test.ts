import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ArtifactCorrupt, BadOption, isError, NotSerializable, StreamSpent } from '../errors.ts';
import { newId } from '../id.ts';
import { temporaryArtifactStore, type TemporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { keyPrefixOf } from './artifact-key.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { file } from './file-artifact.ts';
import { fingerprint } from './fingerprint.ts';
import { folder, isFolderArtifact, type FolderArtifact } from './folder-artifact.ts';
import { HandOver } from './hand-over.ts';
import { loadValue, type LoadableVersion } from './load-value.ts';
import { saveValue, type SavedValue } from './save-value.ts';
import { stream, type StreamArtifact } from './stream-artifact.ts';

const NAME = 'wine/dump/output';

let place: TemporaryArtifactStore;
let source: string;
beforeEach(async () => {
  place = await temporaryArtifactStore();
  source = mkdtempSync(join(tmpdir(), 'mortise-source-'));
});
afterEach(() => {
  place[Symbol.dispose]();
  rmSync(source, { recursive: true, force: true });
});

const save = (value: unknown): Promise<SavedValue> => saveValue(value, { store: place.store, keyPrefix: keyPrefixOf(NAME, newId()) });
const asVersion = (saved: SavedValue): LoadableVersion => ({ ...saved, artifact: NAME, version: 3 });
const load = (saved: SavedValue, store = place.store): Promise<unknown> => loadValue(asVersion(saved), store);
const stored = async (): Promise<string[]> => (await place.store.list('')).items.map(({ key }) => key);
/** The same store as if it were far away. */
const remote = (): ArtifactStore => {
  const { store } = place;
  return Object.assign(Object.create(store) as ArtifactStore, { get: store.get.bind(store), localPath: undefined });
};

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

async function* three(): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from('one ');
  yield Uint8Array.from(Buffer.from('two '));
  yield Buffer.from('three');
}

describe('a stream', () => {
  test.each<[string, () => AsyncIterable<Uint8Array>]>([
    ['a Node stream', () => Readable.from([Buffer.from('one '), Buffer.from('two three')])],
    ['a web stream', () => ReadableStream.from([Buffer.from('one '), Buffer.from('two three')])],
    ['an async generator', three],
  ])('%s is stored as it comes, and read as often as one likes', async (_, open) => {
    for (const value of [stream(open()), stream(open)]) {
      const saved = await save(value);
      expect(saved).toMatchObject({ size: 13, materializer: 'stream', sha256: createHash('sha256').update('one two three').digest('hex') });
      const loaded = (await load(saved)) as StreamArtifact;
      expect(loaded.size).toBe(13);
      for (let time = 0; time < 2; time++) expect(String(await bytesOf(loaded))).toBe('one two three');
      expect(String(await bytesOf(Readable.from(loaded)))).toBe('one two three');
      expect(await fingerprint(loaded)).toMatchObject({ sha256: saved.sha256, meta: saved.meta });
    }
  });

  test('that is empty is stored too', async () => {
    expect(await bytesOf((await load(await save(stream(Readable.from([]))))) as StreamArtifact)).toHaveLength(0);
  });

  test('that can be read once says so when it is read again', async () => {
    const value = stream(three());
    await save(value);
    await expectError(save(value), StreamSpent, 'was read already');
    const again = stream(three);
    await save(again);
    await save(again);
  });

  test('that fails half-way leaves nothing', async () => {
    const failing = stream(async function* () {
      yield Buffer.alloc(3 << 20);
      throw new Error('the database went away');
    });
    await assert.rejects(save(failing), /the database went away/);
    expect(await stored()).toEqual([]);
    expect(readdirSync(join(place.folder, '.tmp'))).toEqual([]);
  });

  test('is handed over from the store, never as what was read already', async () => {
    const { encoded, ...saved } = await save(stream(Readable.from([Buffer.alloc(1 << 20, 1)])));
    const version = { ...asVersion({ ...saved, encoded }), id: 'v', storeId: place.store.id, createdAt: 0, metadata: {} };
    const handOver = new HandOver();
    handOver.keep(version, stream(three()), encoded);
    const [one, two] = (await Promise.all([1, 2].map(() => handOver.take(version, place.store)))) as [StreamArtifact, StreamArtifact];
    const [a, b] = await Promise.all([bytesOf(one), bytesOf(two)]);
    expect([a.length, b.length]).toEqual([1 << 20, 1 << 20]);
  });

  test('that was damaged in the store does not hand out its end', async () => {
    const saved = await save(stream(Readable.from([Buffer.alloc(1 << 20)])));
    const path = join(place.folder, saved.key);
    const bad = readFileSync(path);
    bad[5] = 1;
    writeFileSync(path, bad);
    const loaded = (await load(saved)) as StreamArtifact;
    let size = 0;
    const reading = (async () => {
      for await (const part of loaded) size += part.byteLength;
    })();
    await expectError(reading, ArtifactCorrupt, `version 3 of artifact "${NAME}" is damaged`);
    expect(size).toBeLessThan(1 << 20);
  });

  test('of what is no bytes is refused', async () => {
    await expectError(save(stream(Readable.from(['text']) as never)), NotSerializable, 'a stream that gave a string instead of bytes');
    await expectError(save(stream(Readable.from([{ a: 1 }]) as never)), NotSerializable, 'instead of bytes');
    expect(() => stream([1] as never)).toThrow(expect.objectContaining({ code: BadOption.code }));
    expect(await stored()).toEqual([]);
  });

  test('inside of other data, or as it is, is told to be an output of its own', async () => {
    await expectError(
      save({ rows: stream(three) }),
      NotSerializable,
      'value.rows is a stream (make it an output of its own with stream())',
    );
    await expectError(save(Readable.from([])), NotSerializable, 'value is a stream (make it an output of its own with stream())');
    await expectError(save({ model: folder(source) }), NotSerializable, 'value.model is an instance of FolderArtifact');
  });
});

describe('a folder', () => {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  };
  const texts = ({ path }: FolderArtifact): Record<string, string> => {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
    return Object.fromEntries(files.map((file) => [file.slice(path.length + 1), readFileSync(file, 'utf8')]));
  };
  const FILES = { 'a.txt': 'one', 'b/c.txt': 'two', 'b/d/.hidden': '', 'b.txt': 'four' };
  const writeAll = (): void => Object.entries(FILES).forEach(([path, text]) => write(path, text));

  test('is a list of its files, and is found again where it is stored', async () => {
    writeAll();
    const saved = await save(folder(source));
    expect(saved.manifest?.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'b/c.txt', 'b/d/.hidden']);
    rmSync(source, { recursive: true });
    const loaded = (await load(saved)) as FolderArtifact;
    expect(isFolderArtifact(loaded)).toBe(true);
    expect(loaded.path).toBe(join(place.folder, saved.key));
    expect(`/${loaded.name}`).toBe(source.slice(dirname(source).length));
    expect(texts(loaded)).toEqual(FILES);
    expect(await fingerprint(loaded)).toMatchObject({ sha256: saved.sha256, meta: saved.meta });
  });

  test('is copied to this host when the store is elsewhere', async () => {
    writeAll();
    const loaded = (await load(await save(folder(source)), remote())) as FolderArtifact;
    expect(loaded.path.startsWith(place.folder)).toBe(false);
    expect(loaded.path.endsWith(`/${loaded.name}`)).toBe(true);
    expect(texts(loaded)).toEqual(FILES);
  });

  test('that was named by the way to it has its own name, and each copy of it a place of its own', async () => {
    writeAll();
    const saved = await save(folder(`${source}/b/..`));
    // As it was stored before.
    for (const version of [saved, { ...saved, meta: { name: '..' } }])
      for (let time = 0; time < 2; time++) expect(texts((await load(version, remote())) as FolderArtifact)).toEqual(FILES);
    expect(((await load(saved, remote())) as FolderArtifact).name).toBe(basename(source));
    expect(folder('.').name).toBe(basename(process.cwd()));
  });

  test('of which a file was changed where it is stored is not handed out', async () => {
    writeAll();
    const saved = await save(folder(source));
    appendFileSync(join(((await load(saved)) as FolderArtifact).path, 'b/c.txt'), '!');
    await expectError(load(saved), ArtifactCorrupt, `b/c.txt of version 3 of artifact "${NAME}" is damaged`);
    rmSync(join(place.folder, saved.key, 'b/c.txt'));
    await assert.rejects(load(saved), { code: 'ARTIFACT_NOT_FOUND' });
  });

  test('to which somebody added a file where it is stored is handed out without it, as a copy', async () => {
    writeAll();
    const saved = await save(folder(source));
    writeFileSync(join(place.folder, saved.key, 'more.txt'), '');
    const loaded = (await load(saved)) as FolderArtifact;
    expect(loaded.path.startsWith(place.folder)).toBe(false);
    expect(texts(loaded)).toEqual(FILES);
  });

  test('with a thousand files comes back whole', async () => {
    const files = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`part-${i % 10}/${i}.txt`, String(i)]));
    for (const [path, text] of Object.entries(files)) write(path, text);
    const saved = await save(folder(source));
    expect(saved.manifest).toHaveLength(1000);
    assert.deepEqual(texts((await load(saved)) as FolderArtifact), Object.fromEntries(Object.entries(files).sort()));
    assert.deepEqual(texts((await load(saved, remote())) as FolderArtifact), Object.fromEntries(Object.entries(files).sort()));
  });

  test('leaves out empty folders, and refuses symbolic links', async () => {
    writeAll();
    mkdirSync(join(source, 'empty'));
    expect((await save(folder(source))).manifest).toHaveLength(4);
    symlinkSync('a.txt', join(source, 'b/link'));
    await expectError(save(folder(source)), NotSerializable, `folder("${source}")/b/link is a symbolic link`);
  });

  test.each<[string, () => string, Parameters<typeof isError>[1], string]>([
    ['is not there', () => '/nowhere/at-all', NotSerializable, 'folder("/nowhere/at-all") is a folder that is not there'],
    ['has no file', () => source, NotSerializable, 'is a folder without any file'],
    ['is a file', () => (write('x', ''), join(source, 'x')), NotSerializable, 'is no folder'],
    ['has a file whose name cannot be kept', () => (write('a\\b', ''), source), NotSerializable, 'no artifact store can keep'],
  ])('that %s is named', async (_, path, type, message) => {
    await expectError(save(folder(path())), type, message);
    expect(await stored()).toEqual([]);
  });

  test.each<[string, (path: string) => unknown]>([
    ['file()', file],
    ['folder()', folder],
  ])('that cannot be looked at, by %s, is not said to be missing', async (_, make) => {
    symlinkSync('loop', join(source, 'loop'));
    await expect(save(make(join(source, 'loop')))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  test('is written no further once a file cannot be read', async () => {
    const store = Object.assign(Object.create(place.store) as ArtifactStore, {
      put: async (key: string) => Promise.reject(new Error(`no space for ${key}`)),
    });
    for (let i = 0; i < 50; i++) write(`${i}`, '');
    let asked = 0;
    const counted = Object.assign(Object.create(store) as ArtifactStore, {
      put: (key: string) => (asked++, store.put(key, Buffer.from(''))),
    });
    await assert.rejects(saveValue(folder(source), { store: counted, keyPrefix: 'x/y' }), /no space for/);
    expect(asked).toBeLessThanOrEqual(8);
  });
});

async function expectError(promise: Promise<unknown>, type: Parameters<typeof isError>[1], message: string): Promise<void> {
  const error = await promise.then(
    (value) => assert.fail(`resolved to ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect({ code: (error as { code?: unknown }).code, isError: isError(error, type) }).toEqual({ code: type.code, isError: true });
  expect((error as Error).message).toContain(message);
}

describe('the length of a large file is told to the store', () => {
  const SIZE = 3 << 20;
  let told: (number | undefined)[];
  let large: string;
  beforeEach(() => {
    told = [];
    large = join(source, 'large.bin');
    writeFileSync(large, Buffer.alloc(SIZE, 1));
    const put = place.store.put.bind(place.store);
    place.store.put = (key, body, options) => {
      told.push(options?.size);
      return put(key, body, options);
    };
  });

  test('by file() and by folder()', async () => {
    await save(file(large));
    await save(folder(source));
    expect(told).toEqual([SIZE, SIZE]);
  });

  test('and one that grows meanwhile is stored as it was', async () => {
    const put = place.store.put;
    place.store.put = (key, body, options) => {
      appendFileSync(large, 'more');
      return put(key, body, options);
    };
    expect(await save(file(large))).toMatchObject({ size: SIZE });
  });

  test('but not of a small one: files of the system have another length than they say', async () => {
    writeFileSync(large, 'small');
    await save(file(large));
    expect(told).toEqual([undefined]);
  });
});
