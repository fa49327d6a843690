import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NoProject } from '../errors.ts';
import { findProject } from './find-project.ts';
import { projectAt } from './project.ts';

describe('findProject', () => {
  let root: string;
  const saved = { ...process.env };

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'mortise-find-')));
    delete process.env['MORTISE_PROJECT'];
    delete process.env['MORTISE_STORE_URL'];
  });
  afterEach(() => {
    process.env = { ...saved };
    rmSync(root, { recursive: true });
  });

  test('finds the nearest ancestor that has a .mortise folder, and the folder itself', () => {
    mkdirSync(join(root, '.mortise'));
    mkdirSync(join(root, 'a/.mortise'), { recursive: true });
    mkdirSync(join(root, 'a/b/c'), { recursive: true });
    mkdirSync(join(root, 'd'));
    expect(findProject({ from: join(root, 'a/b/c') }).root).toBe(join(root, 'a'));
    expect(findProject({ from: join(root, 'd') }).root).toBe(root);
    expect(findProject({ from: root }).root).toBe(root);
  });

  test('says so in one line, with what to do, where there is no project', () => {
    expect(() => findProject({ from: root })).toThrow(NoProject);
    expect(() => findProject({ from: root })).toThrow(`no Mortise project in ${root} or any folder above it`);
  });

  test('does not take a file called .mortise for a project', () => {
    writeFileSync(join(root, '.mortise'), '');
    expect(() => findProject({ from: root })).toThrow(NoProject);
  });

  test('a folder that the user may not look into is named, and no project above it is taken instead', () => {
    mkdirSync(join(root, '.mortise'));
    mkdirSync(join(root, 'closed/inner'), { recursive: true });
    chmodSync(root, 0o755);
    chmodSync(join(root, 'closed'), 0o600);
    const script = `
      import { findProject } from ${JSON.stringify(import.meta.resolve('./find-project.ts'))};
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
      try { console.log(findProject({ from: ${JSON.stringify(join(root, 'closed/inner'))} }).root); } catch (error) { console.log(error.line ?? error); }`;
    const flags = ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '--eval', script];
    const said = execFileSync(process.execPath, flags, { encoding: 'utf8' });
    chmodSync(join(root, 'closed'), 0o700);
    expect(said).toMatch(`FOLDER_NOT_WRITABLE: cannot write to ${join(root, 'closed/inner')} (permission denied).`);
  });

  test('MORTISE_PROJECT names the root, and no ancestor of it will do', () => {
    mkdirSync(join(root, '.mortise'));
    mkdirSync(join(root, 'inner'));
    process.env['MORTISE_PROJECT'] = root;
    expect(findProject().root).toBe(root);
    process.env['MORTISE_PROJECT'] = join(root, 'inner');
    expect(() => findProject()).toThrow(NoProject);
    expect(() => findProject()).toThrow(`no Mortise project in ${root}/inner, which the variable MORTISE_PROJECT names`);
  });

  test('a folder that a program names counts, whatever MORTISE_PROJECT says', () => {
    for (const folder of ['.mortise', 'inner', 'other/.mortise']) mkdirSync(join(root, folder), { recursive: true });
    process.env['MORTISE_PROJECT'] = join(root, 'other');
    expect(findProject({ from: join(root, 'inner') }).root).toBe(root);
  });

  test('keeps everything below .mortise, the store too unless MORTISE_STORE_URL says otherwise', () => {
    expect(projectAt(root)).toEqual({
      root,
      folder: join(root, '.mortise'),
      storeUrl: `sqlite:${join(root, '.mortise/store.db')}`,
      artifactsFolder: join(root, '.mortise/artifacts'),
      logsFolder: join(root, '.mortise/logs'),
      trackingFolder: join(root, '.mortise/tracking'),
      cacheFolder: join(root, '.mortise/cache'),
    });
    process.env['MORTISE_STORE_URL'] = 'sqlite:/elsewhere/store.db';
    expect(projectAt(root).storeUrl).toBe('sqlite:/elsewhere/store.db');
    process.env['MORTISE_STORE_URL'] = 'sqlite:data/store.db';
    expect(projectAt(root).storeUrl).toBe(`sqlite:${join(root, 'data/store.db')}`);
    process.env['MORTISE_STORE_URL'] = 'postgres://server/db';
    expect(projectAt(root).storeUrl).toBe('postgres://server/db');
  });
});
