import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { makeFolder } from './make-folder.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-folder-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const isFolder = (path: string): boolean => statSync(path).isDirectory();

describe('makeFolder', () => {
  it('makes a folder and all that is missing above it, and leaves one that is there', () => {
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path);
    makeFolder(path);
    expect(isFolder(path)).toBe(true);
  });

  it('goes through a link to a folder', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    makeFolder(join(folder, 'link', 'below'));
    expect(isFolder(join(folder, 'real', 'below'))).toBe(true);
  });

  it('says what is in the way when it is a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeFolder(join(folder, 'file'))).toThrow('EEXIST');
    expect(() => makeFolder(join(folder, 'file', 'below'))).toThrow('EEXIST');
  });

  (process.platform === 'linux' ? it : it.skip)('ends where no folder can be made', () => {
    expect(() => makeFolder('/proc/mortise/below')).toThrow('ENOENT');
  });
});
