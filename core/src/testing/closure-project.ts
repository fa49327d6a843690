import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { sourceClosure, type SourceClosure } from '../pipeline/source-closure.ts';

/** The folder of all projects of a test file, and that of the test that runs. */
export let scratch: string;
export let root: string;

/** Gives each test of the file an empty project in `root`. */
export function closureProjects(): void {
  let count = 0;
  beforeAll(async () => {
    scratch = await realpath(await mkdtemp(join(tmpdir(), 'mortise-closure-')));
  });
  beforeEach(async () => {
    root = join(scratch, `project-${count++}`);
    await mkdir(root);
    await write({ 'package.json': '{ "name": "project", "type": "module" }' });
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));
}

/** Files of the project, by their paths in it. */
export async function write(files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

export function closureOf(entry = 'steps.ts'): Promise<SourceClosure> {
  return sourceClosure(pathToFileURL(join(root, entry)).href, { root, cacheFolder: join(root, '.cache') });
}

/** The hash before and after a change. */
async function around(change: Record<string, string>, entry?: string): Promise<{ before: string; after: string }> {
  const before = await closureOf(entry);
  await write(change);
  const after = await closureOf(entry);
  expect([before.uncacheable, after.uncacheable]).toEqual([undefined, undefined]);
  return { before: before.hash, after: after.hash };
}

export async function expectMiss(change: Record<string, string>, entry?: string): Promise<void> {
  const { before, after } = await around(change, entry);
  expect(after).not.toBe(before);
}

export async function expectHit(change: Record<string, string>, entry?: string): Promise<void> {
  const { before, after } = await around(change, entry);
  expect(after).toBe(before);
}
