import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkStamps, StampedFiles } from './stamped-files.ts';

const LONG_AGO = new Date('2020-01-01');
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-stamps-'));
  file = join(folder, 'a.ts');
  writeFileSync(file, 'one');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A stamp as it is made when the clock ticks too slowly: the file has its times and size, but the contents of before. */
function stampOfTheSameTick(recent: boolean) {
  const files = new StampedFiles();
  files.read(file);
  writeFileSync(file, 'two');
  const { digest } = files.stamps.get(file)!;
  const { size, mtimeMs, ctimeMs, ino } = statSync(file);
  return new Map([[file, { size, mtimeMs, ctimeMs, ino, digest, ...(recent ? { recent } : {}) }]]);
}

test('JSON may begin with the mark that editors of Windows write', () => {
  writeFileSync(file, '\uFEFF{ "name": "a" }');
  expect(new StampedFiles().json(file)).toEqual({ name: 'a' });
});

describe('a stamp', () => {
  test('of a file that had just changed compares contents, so that a second change in the same tick is seen', () => {
    expect(checkStamps(stampOfTheSameTick(true))).toBe('changed');
    expect(checkStamps(stampOfTheSameTick(false))).toBe('same');
  });

  test('is recent within two seconds of a change of contents or of times', () => {
    const files = new StampedFiles();
    utimesSync(file, LONG_AGO, LONG_AGO);
    files.read(file);
    expect(files.stamps.get(file)).toMatchObject({ mtimeMs: LONG_AGO.getTime(), recent: true });
  });

  test('is renewed when the times moved and the contents held', () => {
    const files = new StampedFiles();
    files.read(file);
    expect(checkStamps(files.stamps)).toBe('same');
    utimesSync(file, LONG_AGO, LONG_AGO);
    expect(checkStamps(files.stamps)).toBe('renewed');
    expect(files.stamps.get(file)!.mtimeMs).toBe(LONG_AGO.getTime());
    expect(checkStamps(files.stamps)).toBe('same');
  });

  test('notices what appears, what goes, and what becomes a folder', () => {
    const missing = new StampedFiles();
    expect(missing.exists(join(folder, 'b.ts'))).toBe(false);
    expect(missing.read(join(folder, 'c.ts'))).toBeUndefined();
    expect(checkStamps(missing.stamps)).toBe('same');
    writeFileSync(join(folder, 'c.ts'), '');
    expect(checkStamps(missing.stamps)).toBe('changed');

    const present = new StampedFiles();
    present.read(file);
    rmSync(file);
    expect(checkStamps(present.stamps)).toBe('changed');
    mkdirSync(file);
    expect(checkStamps(present.stamps)).toBe('changed');
  });

  test('of a folder notices another module, not another file', () => {
    const files = new StampedFiles();
    files.watchFolder(folder);
    writeFileSync(join(folder, 'output.json'), '{}');
    expect(checkStamps(files.stamps)).toBe('renewed');
    writeFileSync(join(folder, 'b.js'), '');
    expect(checkStamps(files.stamps)).toBe('changed');
  });
});
