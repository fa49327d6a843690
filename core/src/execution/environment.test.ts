import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { setLoadedFile } from './child/code-origin.ts';
import { describeEnvironment } from './environment.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mortise-environment-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'commit.gpgsign=false', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it('names user, host, the version of Node and the command line', async () => {
  expect(await describeEnvironment(root)).toMatchObject({
    user: userInfo().username,
    host: hostname(),
    node: process.versions.node,
    command: process.argv,
  });
});

describe('the file that was run', () => {
  const before = [...process.argv];
  afterEach(() => {
    process.argv = before;
    Reflect.deleteProperty(globalThis, Symbol.for('mortise.loaded-file.v1'));
  });
  const fileOf = async (...argv: string[]) => {
    process.argv = ['/usr/bin/node', ...argv];
    return (await describeEnvironment(root)).file;
  };

  it('is the script, from the project if it lies there', async () => {
    expect(await fileOf(join(root, 'jobs', 'train.ts'), '--fast')).toBe('jobs/train.ts');
    expect(await fileOf('/elsewhere/train.ts')).toBe('/elsewhere/train.ts');
  });

  it('is that which the command line was asked for, and not the program of the command line', async () => {
    setLoadedFile({ module: pathToFileURL(join(root, 'src', 'a wine.ts')).href, execArgv: [], env: {} });
    expect(await fileOf('/usr/bin/mortise', 'run', 'src/a wine.ts')).toBe('src/a wine.ts');
  });

  it('is not known where there is none', async () => {
    expect(await fileOf()).toBeUndefined();
  });
});

it('names commit and branch, and whether something has changed since, from a folder below the repository too', async () => {
  git('init', '--initial-branch=trunk');
  write('a.txt', 'a');
  git('add', '.');
  git('commit', '-m', 'one');
  const commit = git('rev-parse', 'HEAD');
  mkdirSync(join(root, 'below'));
  for (const folder of [root, join(root, 'below')])
    expect((await describeEnvironment(folder)).git).toEqual({ commit, branch: 'trunk', dirty: false });
  write('a.txt', 'b');
  expect((await describeEnvironment(root)).git).toEqual({ commit, branch: 'trunk', dirty: true });
  git('checkout', '--', '.');
  write('new.txt', 'untracked');
  expect((await describeEnvironment(root)).git?.dirty).toBe(true);
  rmSync(join(root, 'new.txt'));
  git('checkout', '--detach');
  expect((await describeEnvironment(root)).git).toEqual({ commit, dirty: false });
});

it('has no git where there is no repository, or no commit in it', async () => {
  expect((await describeEnvironment(root)).git).toBeUndefined();
  git('init');
  expect((await describeEnvironment(root)).git).toBeUndefined();
});

it('has no git where no process can be started for it, as with a variable that is too large for one', async () => {
  git('init');
  process.env['LARGE'] = 'x'.repeat(4_000_000);
  try {
    expect((await describeEnvironment(root)).git).toBeUndefined();
  } finally {
    delete process.env['LARGE'];
  }
});

it('names the versions of the packages that package.json names, as far as they are installed', async () => {
  write('package.json', '{ "dependencies": { "b": "^1.0.0", "gone": "1" }, "devDependencies": { "@a/c": "*" } }');
  write('node_modules/b/package.json', '{ "version": "1.2.3" }');
  write('node_modules/@a/c/package.json', '{ "version": "0.1.0" }');
  write('node_modules/other/package.json', '{ "version": "9.0.0" }');
  expect((await describeEnvironment(root)).packages).toEqual({ '@a/c': '0.1.0', b: '1.2.3' });
  write('package.json', '\uFEFF{ "dependencies": { "b": "^1.0.0" } }');
  expect((await describeEnvironment(root)).packages).toEqual({ b: '1.2.3' });
  write('package.json', '{ broken');
  expect((await describeEnvironment(root)).packages).toEqual({});
});

it('is recorded with each run without being asked for', async () => {
  const project = await temporaryProject();
  try {
    const one = step('one', async () => 1);
    const run = await pipeline('recorded', () => one()).run();
    expect(run).toMatchObject({ user: userInfo().username, host: hostname(), node: process.versions.node, packages: {}, git: null });
    expect(run.command).toEqual(process.argv);
  } finally {
    project.remove();
  }
});
