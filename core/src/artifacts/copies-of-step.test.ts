import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { newId } from '../id.ts';
import { file, folder, pipeline, runPipeline, step, type FileArtifact, type FolderArtifact } from '../index.ts';
import { temporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { keyPrefixOf } from './artifact-key.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { copiesFolder } from './copies-folder.ts';
import { loadValue } from './load-value.ts';
import { saveValue } from './save-value.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
let source: string;
beforeEach(async () => {
  project = await temporaryProject();
  source = mkdtempSync(join(tmpdir(), 'mortise-source-'));
  mkdirSync(join(source, 'model'));
  writeFileSync(join(source, 'model', 'weights.bin'), 'weights');
  // As if the store were far away.
  using place = await temporaryArtifactStore();
  jest.spyOn(Object.getPrototypeOf(place.store) as { localPath(): undefined }, 'localPath').mockReturnValue(undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
  project.remove();
  rmSync(source, { recursive: true, force: true });
});

const copies = (): string[] => readdirSync(copiesFolder()).filter((name) => name !== 'owner.json');
const isCopy = (path: string): boolean => path.startsWith(copiesFolder());

const make = step('make', { cache: false }, async () => file(join(source, 'model', 'weights.bin')));
const makeFolder = step('make-folder', { cache: false }, async () => folder(join(source, 'model')));

describe('the copy that a step is given of what is stored elsewhere', () => {
  test('is gone when the step has ended, and what the step made of it is stored', async () => {
    const seen: string[][] = [];
    const use = step('use', { cache: false }, async ({ model, all }: { model: FolderArtifact; all: FileArtifact[] }) => {
      seen.push([model, ...all].map(({ path }) => path));
      expect(copies()).toHaveLength(3);
      writeFileSync(join(model.path, 'more.bin'), 'more');
      return folder(model.path);
    });
    const read = step('read', { cache: false }, async ({ model }: { model: FolderArtifact }) => readdirSync(model.path));
    const run = await pipeline('example', () => read({ model: use({ model: makeFolder(), all: [make(), make()] }) })).run();
    expect(run.result).toEqual(['more.bin', 'weights.bin']);
    expect(seen[0]!.map(isCopy)).toEqual([true, true, true]);
    expect(copies()).toEqual([]);
  });

  test('is gone after each attempt that failed', async () => {
    let attempts = 0;
    const fail = step('fail', { cache: false, retry: { retries: 2, delayMs: 1 } }, async ({ data }: { data: FileArtifact }) => {
      attempts++;
      expect(readFileSync(data.path, 'utf8')).toBe('weights');
      expect(copies()).toHaveLength(1);
      throw new Error('no');
    });
    expect(await pipeline('example', () => fail({ data: make() })).run()).toMatchObject({ status: 'failed' });
    expect(attempts).toBe(3);
    expect(copies()).toEqual([]);
  });

  test('is gone where another item of its list could not be loaded, and so is one that came later', async () => {
    using place = await temporaryArtifactStore();
    const prototype = Object.getPrototypeOf(place.store) as ArtifactStore;
    const { get } = prototype;
    jest.spyOn(prototype, 'get').mockImplementation(async function* (this: ArtifactStore, key, options) {
      if (key.includes('broken')) throw new Error('it is broken');
      yield* get.call(this, key, options);
      if (key.includes('late')) await pause(50);
    });
    const made = (name: string) => step(name, { cache: false }, async () => file(join(source, 'model', 'weights.bin')));
    const [broken, late] = [made('broken'), made('late')];
    const use = step('use', { cache: false, retry: { retries: 1, delayMs: 1 } }, async ({ all }: { all: FileArtifact[] }) => all.length);
    const run = await pipeline('example', () => use({ all: [late(), make(), broken()] })).run();
    expect(run.error!.message).toContain('input "all" of step "use" cannot be loaded: it is broken');
    expect(copies()).toEqual([]);
  });

  test('stays until the code of a step that took too long has ended too', async () => {
    const late = Promise.withResolvers<string>();
    const end = Promise.withResolvers<void>();
    const slow = step('slow', { cache: false, timeoutMs: 200 }, async ({ data }: { data: FileArtifact }) => {
      await end.promise;
      late.resolve(readFileSync(data.path, 'utf8'));
    });
    expect(await pipeline('example', () => slow({ data: make() })).run()).toMatchObject({ status: 'failed' });
    end.resolve();
    expect(await late.promise).toBe('weights');
    for (let tries = 0; copies().length > 0 && tries < 100; tries++) await pause(10);
    expect(copies()).toEqual([]);
  });

  test('stays where a class has it too, and only what was made for the step goes', async () => {
    const seen = new Set<string>();
    class Example {
      @step({ cache: false })
      async make(): Promise<FileArtifact> {
        return file(join(source, 'model', 'weights.bin'));
      }
      @step({ cache: false })
      async read({ data }: { data: FileArtifact }): Promise<string> {
        seen.add(data.path);
        await pause(50);
        return readFileSync(data.path, 'utf8');
      }
      @pipeline()
      async run(): Promise<string> {
        const data = await this.make();
        await Promise.all([this.read({ data }), this.read({ data })]);
        expect(seen.size).toBe(2);
        expect([...seen].filter((path) => existsSync(path))).toEqual([data.path]);
        const text = readFileSync(data.path, 'utf8');
        rmSync(dirname(data.path), { recursive: true });
        return text;
      }
    }
    expect((await runPipeline(Example)).result).toBe('weights');
    expect(copies()).toEqual([]);
  });

  test.each(['file', 'folder'])('of a %s is not made on when the step is stopped meanwhile', async (kind) => {
    using place = await temporaryArtifactStore();
    const ended = Promise.withResolvers<void>();
    jest.spyOn(Object.getPrototypeOf(place.store) as ArtifactStore, 'get').mockImplementation(async function* (_key, { signal } = {}) {
      try {
        for (; ; await pause(10, undefined, { signal })) yield Buffer.from('w');
      } finally {
        ended.resolve();
      }
    });
    const made = kind === 'file' ? make : makeFolder;
    const read = step('read', { cache: false, timeoutMs: 50 }, async ({ data }: { data: FileArtifact | FolderArtifact }) => data.name);
    const size = 1_000;
    writeFileSync(join(source, 'model', 'weights.bin'), Buffer.alloc(size));
    const run = await pipeline('example', () => read({ data: made() })).run();
    expect(run).toMatchObject({ status: 'failed', error: { name: 'STEP_TIMEOUT' } });
    const isEnded = await Promise.race([ended.promise.then(() => true), pause(300, false)]);
    expect(isEnded).toBe(true);
    for (let tries = 0; copies().length > 0 && tries < 100; tries++) await pause(10);
    expect(copies()).toEqual([]);
  });

  test('is not left half-made where it could not be made whole', async () => {
    using place = await temporaryArtifactStore();
    for (const value of [file(join(source, 'model', 'weights.bin')), folder(join(source, 'model'))]) {
      const saved = await saveValue(value, { store: place.store, keyPrefix: keyPrefixOf('example/make/output', newId()) });
      writeFileSync(join(place.folder, saved.manifest?.[0]!.key ?? saved.key), 'damaged');
      await expect(loadValue({ ...saved, artifact: 'example/make/output', version: 1 }, place.store)).rejects.toMatchObject({
        code: 'ARTIFACT_CORRUPT',
      });
    }
    expect(copies()).toEqual([]);
  });
});
