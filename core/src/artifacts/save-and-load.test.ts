import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  appendFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import {
  ArtifactCorrupt,
  ArtifactNotFound,
  BadMaterializer,
  FileNotFound,
  isError,
  NotSerializable,
  UnknownMaterializer,
} from '../errors.ts';
import { newId } from '../id.ts';
import type { Json } from '../json.ts';
import { temporaryArtifactStore, type TemporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { keyPrefixOf } from './artifact-key.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { file, isFileArtifact, type FileArtifact } from './file-artifact.ts';
import { fingerprint } from './fingerprint.ts';
import { loadValue, type LoadableVersion } from './load-value.ts';
import type { Materializer } from './materializer.ts';
import { registerMaterializer } from './materializers.ts';
import { saveValue, type SavedValue } from './save-value.ts';
import { swapped } from './typed-array-bytes.ts';

const REGISTRY = Symbol.for('mortise.materializers.v1');
const NAME = 'wine/each[0]/output';

let place: TemporaryArtifactStore;
beforeEach(async () => {
  place = await temporaryArtifactStore();
});
afterEach(() => {
  place[Symbol.dispose]();
  delete (globalThis as { [REGISTRY]?: unknown })[REGISTRY];
});

const save = (value: unknown): Promise<SavedValue> => saveValue(value, { store: place.store, keyPrefix: keyPrefixOf(NAME, newId()) });
const asVersion = (saved: SavedValue): LoadableVersion => ({ ...saved, artifact: NAME, version: 3 });
const load = (saved: SavedValue, store = place.store): Promise<unknown> => loadValue(asVersion(saved), store);
const pathOf = (key: string): string => join(place.folder, key);
/** The same store as if it were far away. */
const remote = (): ArtifactStore => {
  const { store } = place;
  return Object.assign(Object.create(store) as ArtifactStore, {
    get: store.get.bind(store),
    uri: store.uri.bind(store),
    localPath: undefined,
  });
};

/** Paths of those that this process has open; none where the system does not tell. */
function openFiles(): string[] {
  const folder = '/proc/self/fd';
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((fd) => {
    try {
      return readlinkSync(join(folder, fd));
    } catch {
      // That of the folder itself.
      return [];
    }
  });
}

describe('a stored value comes back as it was', () => {
  test.each<[string, string, unknown]>([
    ['plain data', 'json', { a: [1, NaN, { b: new Date(0) }] }],
    ['undefined', 'json', undefined],
    ['text', 'txt', '\ufeffwith a byte order mark, ü, 🍷'],
    ['no text', 'txt', ''],
    ['bytes', 'bin', Uint8Array.of(0, 255)],
    ['a buffer', 'bin', Buffer.from('abc')],
    ['an array buffer', 'bin', Uint8Array.of(1, 2, 3).buffer],
    ['doubles', 'float64', Float64Array.of(1.5, NaN, -0, Infinity)],
    ['floats', 'float32', Float32Array.of(1.5)],
    ['a part of an array', 'int16', Int16Array.of(1, 2, 3, 4).subarray(1, 3)],
    ['big integers', 'biguint64', BigUint64Array.of(2n ** 64n - 1n)],
    ['no numbers', 'uint32', new Uint32Array(0)],
    ['a large array', 'float64', Float64Array.from({ length: 500_000 }, (_, i) => i / 3)],
  ])('%s, in a file .%s', async (_, extension, value) => {
    const saved = await save(value);
    assert.deepStrictEqual(await load(saved), value);
    const bytes = readFileSync(pathOf(saved.key));
    expect(saved.key.endsWith(`.${extension}`)).toBe(true);
    expect(saved.size).toBe(bytes.length);
    expect(saved.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect((await fingerprint(value)).sha256).toBe(saved.sha256);
    expect(saved.manifest).toBeUndefined();
  });

  test('arrays as the bytes that numpy reads', async () => {
    const saved = await save(Float64Array.of(1, -2));
    expect(readFileSync(pathOf(saved.key)).toString('hex')).toBe('000000000000f03f00000000000000c0');
  });

  test('each load is a value of its own', async () => {
    const saved = await save({ list: [1] });
    expect(await load(saved)).not.toBe(await load(saved));
  });
});

test('a big-endian machine stores the same bytes', () => {
  const native = new Uint8Array(Float64Array.of(1.5, -2).buffer);
  const foreign = swapped(native, 8);
  const view = new DataView(foreign.buffer);
  expect([view.getFloat64(0), view.getFloat64(8)]).toEqual([1.5, -2]);
  assert.deepStrictEqual(swapped(foreign, 8), native);
  assert.deepStrictEqual(swapped(Uint8Array.of(1, 2), 1), Uint8Array.of(1, 2));
});

describe('a file', () => {
  test('is streamed into the store and found again under its name', async () => {
    const path = join(place.folder, '..', `report-${newId()}.html`);
    writeFileSync(path, '<h1>done</h1>');
    const saved = await save(file(path));
    expect(saved.key.endsWith('.html')).toBe(true);
    rmSync(path);
    const loaded = (await load(saved)) as FileArtifact;
    expect(isFileArtifact(loaded)).toBe(true);
    expect(loaded.name).toBe(file(path).name);
    expect(readFileSync(loaded.path, 'utf8')).toBe('<h1>done</h1>');
  });

  test('is copied to this host when the store is elsewhere', async () => {
    const path = pathOf('data.csv');
    writeFileSync(path, 'a,b\n1,2\n');
    const saved = await save(file(path));
    const loaded = (await load(saved, remote())) as FileArtifact;
    expect(loaded.path.startsWith(place.folder)).toBe(false);
    expect(loaded.path.endsWith('/data.csv')).toBe(true);
    expect(readFileSync(loaded.path, 'utf8')).toBe('a,b\n1,2\n');
  });

  test('that was damaged in the store is not handed out, though it lies on this host', async () => {
    const path = pathOf('data.csv');
    writeFileSync(path, 'a,b\n1,2\n');
    const saved = await save(file(path));
    writeFileSync(pathOf(saved.key), 'a,b\n1,3\n');
    await expectError(load(saved), ArtifactCorrupt);
  });

  test('is opened by a store that reads it, and by no other: it is left open by none, and ends no process', async () => {
    const path = pathOf('data.csv');
    const failing = (before: () => void): Promise<unknown> => {
      writeFileSync(path, 'a,b\n1,2\n');
      const put = async (): Promise<never> => (before(), Promise.reject(new Error('too many files are open')));
      return saveValue(file(path), { store: Object.assign(Object.create(place.store) as ArtifactStore, { put }), keyPrefix: 'x/y' });
    };
    await assert.rejects(
      failing(() => undefined),
      /too many files are open/,
    );
    await assert.rejects(
      failing(() => rmSync(path)),
      /too many files are open/,
    );
    // An error that nobody hears would end the process now.
    await delay(50);
    expect(openFiles().filter((each) => each.startsWith(path))).toEqual([]);
  });

  test('that is not there is named', async () => {
    await expectError(save(file('/nowhere/report.html')), FileNotFound, '/nowhere/report.html');
    await expectError(save(file(place.folder)), NotSerializable, 'is a folder');
  });
});

describe('a damaged value is never handed out', () => {
  test.each<[string, unknown]>([
    ['data', { rows: Array.from({ length: 1000 }, (_, i) => i) }],
    ['a large array', new Float64Array(300_000).fill(1)],
  ])('%s: every way of damage is told', async (_, value) => {
    const saved = await save(value);
    const path = pathOf(saved.key);
    const good = readFileSync(path);
    for (const at of [0, good.length >> 1, good.length - 1]) {
      const bad = Buffer.from(good);
      bad[at]! ^= 1;
      writeFileSync(path, bad);
      await expectError(load(saved), ArtifactCorrupt, `version 3 of artifact "${NAME}" is damaged`);
    }
    writeFileSync(path, good);
    truncateSync(path, good.length - 1);
    await expectError(load(saved), ArtifactCorrupt, `${good.length - 1} bytes where ${good.length} bytes`);
    truncateSync(path, 0);
    await expectError(load(saved), ArtifactCorrupt, '0 bytes');
    writeFileSync(path, good);
    appendFileSync(path, 'x');
    await expectError(load(saved), ArtifactCorrupt, 'more where');
    rmSync(path);
    await expectError(load(saved), ArtifactNotFound, `version 3 of artifact "${NAME}"`);
    writeFileSync(path, good);
    assert.deepStrictEqual(await load(saved), value);
  });

  test('a stream hands out its last part only after the check', async () => {
    const seen: number[] = [];
    registerMaterializer({
      ...folderMaterializer,
      name: 'streamed',
      save: async (_, out) => out.write(Buffer.alloc(1 << 20)).then(() => null),
      load: async (from) => {
        for await (const chunk of from.stream()) seen.push(chunk.byteLength);
        return new Folder({});
      },
    });
    const saved = await save(new Folder({}));
    const bad = Buffer.alloc(1 << 20);
    bad[0] = 1;
    writeFileSync(pathOf(saved.key), bad);
    await expectError(load(saved), ArtifactCorrupt);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.reduce((sum, size) => sum + size)).toBeLessThan(1 << 20);
  });
});

class Folder {
  readonly files: Record<string, string>;
  constructor(files: Record<string, string>) {
    this.files = files;
  }
}

const folderMaterializer: Materializer<Folder> = {
  name: 'texts',
  version: 2,
  handles: (value): value is Folder => value instanceof Folder,
  async save({ files }, out) {
    await Promise.all(Object.entries(files).map(([path, text]) => out.write(Buffer.from(text), { path })));
    return { count: Object.keys(files).length };
  },
  async load(from) {
    const entries = await Promise.all(from.paths.map(async (path) => [path, Buffer.from(await from.bytes(path)).toString()] as const));
    return new Folder(Object.fromEntries(entries));
  },
};

describe('a value of several files', () => {
  const value = new Folder({ 'b/2.txt': 'two', 'a.txt': 'one', 'b.txt': '', '\u{1f377}': 'wine', '\uffff': 'x' });
  beforeEach(() => registerMaterializer(folderMaterializer));

  test('is a folder with a list of its files, and comes back', async () => {
    const saved = await save(value);
    expect(saved.manifest?.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'b/2.txt', '\uffff', '\u{1f377}']);
    expect(saved.manifest?.every(({ path, key }) => key === `${saved.key}/${path}`)).toBe(true);
    expect(saved.size).toBe(11);
    assert.deepStrictEqual(await load(saved), value);
  });

  test('has the same hash wherever it lies, in whatever order it was written', async () => {
    const other = new Folder(Object.fromEntries(Object.entries(value.files).reverse()));
    const [one, two] = [await save(value), await save(other)];
    expect(one.sha256).toBe(two.sha256);
    expect((await fingerprint(value)).sha256).toBe(one.sha256);
    expect((await fingerprint(new Folder({ ...value.files, 'a.txt': 'ONE' }))).sha256).not.toBe(one.sha256);
    expect((await fingerprint(new Folder({ 'a.txt': 'one' }))).sha256).not.toBe((await fingerprint(new Folder({ 'b.txt': 'one' }))).sha256);
  });

  test('is checked file by file, and so is the list', async () => {
    const saved = await save(value);
    writeFileSync(pathOf(saved.manifest![0]!.key), 'oNe');
    await expectError(load(saved), ArtifactCorrupt, 'a.txt of version 3');
    await expectError(load({ ...saved, manifest: saved.manifest!.slice(1) }), ArtifactCorrupt, 'the list of files');
  });

  test.each<[string, Record<string, string>]>([
    ['a path that leads out', { '../x': '' }],
    ['a path that is the folder of another', { a: '', 'a/b': '' }],
    ['nothing', {}],
  ])('%s is the fault of the materializer', async (_, files) => {
    await expectError(save(new Folder(files)), BadMaterializer, 'the materializer "texts"');
  });

  test.each([Float64Array.of(1.5, -2, NaN), Uint16Array.of(1, 999), new DataView(Uint8Array.of(1, 2, 3).buffer, 1), Buffer.from('abc')])(
    'what is written as %p is its memory, not its numbers cut down to bytes',
    async (view) => {
      const { buffer, byteOffset, byteLength } = view;
      const bytes = Buffer.from(buffer, byteOffset, byteLength);
      registerMaterializer<Folder>({
        ...folderMaterializer,
        name: 'views',
        async save(_, out) {
          // As code without types does it.
          await out.write(view as Uint8Array);
          return null;
        },
      });
      const saved = await save(value);
      expect(readFileSync(pathOf(saved.key))).toEqual(bytes);
      const { sha256 } = await fingerprint(value);
      expect(saved).toMatchObject({ size: byteLength, sha256 });
    },
  );

  test.each<[unknown, string]>([
    [new Map([['a', 1]]), 'meta is an instance of Map'],
    [{ at: [new Date(0)] }, 'meta.at[0] is an instance of Date'],
    [{ 'a b': { mean: NaN } }, 'meta["a b"].mean is NaN'],
    [[1, undefined], 'meta[1] is undefined'],
    [{ count: 1n }, 'meta.count is a bigint'],
    [() => 1, 'meta is a function'],
    [Symbol('x'), 'meta is a symbol'],
  ])('%p is no JSON, and not what save() gives beside the files: it would be another once it is stored', async (meta, message) => {
    registerMaterializer({ ...folderMaterializer, save: async (_, out) => (await out.write(Buffer.from('x')), meta as Json) });
    await expectError(save(value), BadMaterializer, message);
  });

  test('what save() gives beside the files comes to load() as it is stored, at once and later', async () => {
    const meta = { gone: undefined, zero: -0, list: [{ a: 'ü' }], nothing: null };
    registerMaterializer({ ...folderMaterializer, save: async (_, out) => (await out.write(Buffer.from('x')), meta as unknown as Json) });
    const saved = await save(value);
    meta.list[0]!.a = 'changed';
    assert.deepStrictEqual(saved.meta, { zero: 0, list: [{ a: 'ü' }], nothing: null });
  });

  test('a file that is written when save() has ended fails: the value would lack it', async () => {
    const late = Promise.withResolvers<void>();
    registerMaterializer<Folder>({
      ...folderMaterializer,
      async save({ files }, out) {
        // As forEach(async ...) does it: nobody waits.
        const [first, second] = Object.keys(files);
        void (async () => {
          await out.write(Buffer.from('x'), { path: first! });
          await out.write(Buffer.from('x'), { path: second! });
        })().then(late.resolve, late.reject);
        return null;
      },
    });
    const saving = save(value);
    await expectError(late.promise, BadMaterializer, 'the materializer "texts" wrote "a.txt" when save() had ended');
    await expectError(saving, BadMaterializer, 'when save() had ended');
  });

  test.each(['text', 7, null, [1, 2], new ArrayBuffer(2), Promise.resolve(Buffer.from('x'))])('%p is no bytes to write', async (body) => {
    registerMaterializer({ ...folderMaterializer, save: async (_, out) => (await out.write(body as unknown as Uint8Array), null) });
    await expectError(save(value), BadMaterializer, 'instead of bytes');
  });

  test('loading needs the materializer', async () => {
    const saved = await save(value);
    delete (globalThis as { [REGISTRY]?: unknown })[REGISTRY];
    await expectError(load(saved), UnknownMaterializer, 'no materializer "texts" version 2');
  });
});

describe('saving', () => {
  test('names the path of what cannot be stored, and leaves nothing behind', async () => {
    await expectError(save({ model: { fit() {} } }), NotSerializable, 'value.model.fit is a function');
    expect((await place.store.list('')).items).toEqual([]);
  });

  test('stops when it is told to', async () => {
    const stop = new AbortController();
    const saving = saveValue(new Float64Array(5e6), { store: place.store, keyPrefix: 'x', signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(saving).rejects.toThrow('enough');
    expect((await place.store.list('')).items).toEqual([]);
    expect(readdirSync(join(place.folder, '.tmp'))).toEqual([]);
  });

  test.each(['waits for both', 'waits for neither'])(
    'of two files ends with the first that fails, where a materializer %s',
    async (how) => {
      let isLeft = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            yield Buffer.from('x');
            await delay(5);
          }
        } finally {
          isLeft = true;
        }
      }
      async function* failing(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('x');
        await delay(20);
        throw new Error('the source is gone');
      }
      registerMaterializer<Folder>({
        ...folderMaterializer,
        async save(_, out) {
          const writes = [out.write(endless(), { path: 'endless' }), out.write(failing(), { path: 'failing' })];
          if (how === 'waits for both') await Promise.all(writes);
          return null;
        },
      });
      await expect(save(new Folder({}))).rejects.toThrow('the source is gone');
      await delay(20);
      expect(isLeft).toBe(true);
      expect((await place.store.list('')).items).toEqual([]);
      expect(readdirSync(join(place.folder, '.tmp'))).toEqual([]);
    },
  );

  test('refuses an array whose memory is gone', async () => {
    const array = Float64Array.of(1, 2);
    structuredClone(array, { transfer: [array.buffer] });
    await expectError(save(array), NotSerializable, 'transferred');
  });

  test.each([Float64Array, Uint8Array])('refuses a %p whose memory was made smaller than it', async (kind) => {
    const memory = new ArrayBuffer(16, { maxByteLength: 16 });
    const array = new kind(memory, 8, 1);
    memory.resize(8);
    await expectError(save(array), NotSerializable, 'made smaller');
    await expectError(save({ array }), NotSerializable, 'value.array is an array whose memory was made smaller');
    memory.resize(16);
    assert.deepStrictEqual(await load(await save(array)), new kind(1));
  });

  test('keeps the bytes as they were stored, whatever happens to the value', async () => {
    const array = Float64Array.of(1, 2);
    const saving = save(array);
    array[0] = 9;
    const saved = await saving;
    assert.deepStrictEqual(await load(saved), Float64Array.of(1, 2));
    expect(Buffer.from(saved.encoded!)).toEqual(readFileSync(pathOf(saved.key)));
    expect(statSync(pathOf(saved.key)).size).toBe(16);
  });
});

async function expectError(promise: Promise<unknown>, type: Parameters<typeof isError>[1], message = ''): Promise<void> {
  const error = await promise.then(
    (value) => assert.fail(`resolved to ${String(value)}`),
    (reason: unknown) => reason,
  );
  expect({ code: (error as { code?: unknown }).code, isError: isError(error, type) }).toEqual({ code: type.code, isError: true });
  expect((error as Error).message).toContain(message);
}
