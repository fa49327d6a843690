import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

/** What the file system answers to a link: exFAT, of which most disks are that are carried about, knows none. */
let refusal: string | undefined;
/** The disk is full once so many files were brought to it. */
let untilFull = Infinity;
jest.unstable_mockModule('node:fs', () => ({
  ...fs,
  linkSync: (...paths: Parameters<typeof fs.linkSync>) => {
    if (refusal === undefined) return fs.linkSync(...paths);
    throw Object.assign(new Error(`${refusal}: link`), { code: refusal, syscall: 'link' });
  },
  fsyncSync: (fd: number) => {
    if (untilFull-- <= 0) throw Object.assign(new Error('ENOSPC: fsync'), { code: 'ENOSPC', syscall: 'fsync' });
    fs.fsyncSync(fd);
  },
}));
const { storeIdentity } = await import('./store-identity.ts');

let folder: string;
beforeEach(() => {
  refusal = undefined;
  untilFull = Infinity;
  folder = join(fs.mkdtempSync(join(tmpdir(), 'mortise-identity-')), 'store');
});
afterEach(() => fs.rmSync(join(folder, '..'), { recursive: true }));

test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('a store can be made where the file system knows no links (%s)', async (code) => {
  refusal = code;
  const id = await storeIdentity(folder);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await storeIdentity(folder)).toBe(id);
  expect(fs.readdirSync(folder)).toEqual(['.mortise-artifact-store']);
});

test.each([undefined, 'EPERM'])('of several who make it at once all get the same identity (links: %s)', async (code) => {
  refusal = code;
  expect(new Set(await Promise.all(Array.from({ length: 5 }, () => storeIdentity(folder)))).size).toBe(1);
});

test.each([0, 1])('a disk that gets full at file %i of it leaves no half marker', async (files) => {
  refusal = 'EPERM';
  untilFull = files;
  await expect(storeIdentity(folder)).rejects.toMatchObject({ code: 'ENOSPC' });
  untilFull = Infinity;
  expect(fs.readdirSync(folder)).toEqual([]);
  expect(await storeIdentity(folder)).toMatch(/^[0-9a-f-]{36}$/);
});

test('what else is amiss is told', async () => {
  refusal = 'EIO';
  await expect(storeIdentity(folder)).rejects.toMatchObject({ code: 'EIO' });
});
