import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { create } from './local-artifact-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mortise-store-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };
const open = () => create({ config: { path: folder }, name: 'local', log, fetch, scratch: folder, projectRoot: folder });

/** Arguments of a Node process in which `store` is the store in the folder; `code` may print. */
function nodeArguments(code: string): string[] {
  const module = new URL('./local-artifact-store.ts', import.meta.url).href;
  const context = `{ config: { path: ${JSON.stringify(folder)} }, name: 'local', projectRoot: '/' }`;
  const script = `const { create } = await import(${JSON.stringify(module)}); const open = () => create(${context}); ${code}`;
  return ['--conditions=mortise-source', '--input-type=module', '-e', script];
}

const cwd = new URL('.', import.meta.url);

async function output(child: ChildProcess, wanted: string): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout!) if ((text += String(chunk)).includes(wanted)) return;
  throw new Error(`the process ended without "${wanted}"`);
}

test('of writers in several processes exactly one wins', async () => {
  const code = `const store = await open(); const won = [];
    for (let i = 0; i < 40; i++) await store.put('k/' + i, Buffer.from(String(process.pid)), { createOnly: true }).then(() => won.push(i), (error) => { if (error.code !== 'ARTIFACT_EXISTS') throw error; });
    console.log(JSON.stringify({ id: store.id, pid: process.pid, won }));`;
  const runs = await Promise.all(Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, nodeArguments(code), { cwd })));
  const results = runs.map(({ stdout }) => JSON.parse(stdout) as { id: string; pid: number; won: number[] });
  expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  expect(results.flatMap(({ won }) => won).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  for (const { pid, won } of results) for (const i of won) expect(readFileSync(join(folder, 'k', String(i)), 'utf8')).toBe(String(pid));
});

test('a process that is killed in the middle of a put leaves no object, nor half of one', async () => {
  const code = `const store = await open();
    await store.put('a/old', Buffer.from('old'));
    async function* body() { for (let i = 0; ; i++) { yield Buffer.alloc(1 << 20, i); if (i === 4) console.log('half way'); if (i === 4) await new Promise((go) => setTimeout(go, 60_000)); } }
    await Promise.all([store.put('a/new', body()), store.put('a/old', body())]);`;
  const child = spawn(process.execPath, nodeArguments(code), { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  await output(child, 'half way');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readdirSync(join(folder, '.tmp')).length).toBeGreaterThan(0);
  const store = await open();
  expect((await store.list('')).items.map(({ key, size }) => [key, size])).toEqual([['a/old', 3]]);
  expect(await store.stat('a/new')).toBeUndefined();
  await store.put('a/new', Buffer.from('new'));
  expect(readFileSync(join(folder, 'a', 'new'), 'utf8')).toBe('new');
});

/** Puts an object, whole and as a stream, and prints the errors. */
const PUT_BOTH = (bytes: number): string => `const store = await open();
    const bytes = Buffer.alloc(${bytes}, 1);
    async function* stream() { for (let at = 0; at < bytes.length; at += 5000) yield bytes.subarray(at, at + 5000); }
    for (const body of [bytes, stream()]) await store.put('x/y', body).catch((error) => console.log(error.code + ': ' + error.message));
    console.log((await store.list('')).items.length);`;

describe('when there is no room', () => {
  // The limit on a file's size stands for a full disk: the system writes a part, then refuses.
  const limited = async (blocks: number, bytes: number): Promise<string> => {
    const shell = ['-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, 'bash', process.execPath, ...nodeArguments(PUT_BOTH(bytes))];
    return (await promisify(execFile)('bash', shell, { cwd })).stdout;
  };

  test.each([100_000, 3_000_000])('a put of %i bytes says so and leaves nothing', async (bytes) => {
    const line = `ARTIFACT_STORE_FAILED: the artifact store "local" failed to write x/y: the file would be larger than is allowed\n`;
    expect(await limited(50, bytes)).toBe(`${line}${line}0\n`);
    expect(readdirSync(join(folder, '.tmp'))).toEqual([]);
  });

  test('a put that just fits is well', async () => {
    expect(await limited(100, 51_200)).toBe('1\n');
    expect(statSync(join(folder, 'x', 'y')).size).toBe(51_200);
  });
});

test('a folder that one may not write is told in one line', async () => {
  await (await open()).put('a', Buffer.from('a'));
  chmodSync(folder, 0o555);
  chmodSync(join(folder, '.tmp'), 0o555);
  const code = `const print = (error) => console.log(error.code + ': ' + error.message);
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
    const store = await open();
    console.log((await store.stat('a')).size);
    await store.put('b', Buffer.from('b')).catch(print);
    await store.delete(['a']).catch(print);
    await create({ config: { path: 'new' }, name: 'local', projectRoot: ${JSON.stringify(folder)} }).catch(print);`;
  const { stdout } = await promisify(execFile)(process.execPath, nodeArguments(code), { cwd });
  expect(stdout.trim().split('\n')).toEqual([
    '1',
    'ARTIFACT_STORE_FAILED: the artifact store "local" failed to write b: permission denied',
    'ARTIFACT_STORE_FAILED: the artifact store "local" failed to delete a: permission denied',
    `FOLDER_NOT_WRITABLE: cannot write to ${join(folder, 'new')} (permission denied)`,
  ]);
});

test('a folder in which others write is listed without harm', async () => {
  mkdirSync(join(folder, 'a'), { recursive: true });
  const code = `const store = await open();
    console.log('begin');
    for (let i = 0; i < 300; i++) { await store.put('a/b/' + i % 7 + '/x', Buffer.alloc(10)); await store.delete(['a/b/' + i % 7 + '/x']); }`;
  const child = spawn(process.execPath, nodeArguments(code), { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  await output(child, 'begin');
  const store = await open();
  while (child.exitCode === null) {
    const { items } = await store.list('');
    for (const { size } of items) expect(size).toBe(10);
    await new Promise(setImmediate);
  }
  expect(child.exitCode).toBe(0);
});
