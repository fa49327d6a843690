import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

let folder: string;
const living: { kill(signal: 'SIGKILL'): boolean }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'copies-test-'));
});
afterEach(() => {
  for (const child of living.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process that has a copy in its folder of copies, which lies in `folder`. It ends when its input does. */
async function copier(): Promise<{ copies: string; end: (how: 'killed' | 'by itself') => Promise<void> }> {
  const script = `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { join } from 'node:path';
    const { copiesFolder } = await import(new URL('./copies-folder.ts', ${JSON.stringify(import.meta.url)}).href);
    const copies = copiesFolder();
    mkdirSync(join(copies, 'file-1'));
    writeFileSync(join(copies, 'file-1', 'copy.bin'), 'copy');
    process.stdout.write(copies);
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '-e', script], {
    cwd: new URL('.', import.meta.url),
    env: { ...process.env, TMPDIR: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  living.push(child);
  const ended = once(child, 'exit');
  const [copies] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    copies: String(copies),
    async end(how) {
      if (how === 'killed') child.kill('SIGKILL');
      else child.stdin.end();
      await ended;
    },
  };
}

/** Another process makes copies, and ends. */
async function later(): Promise<void> {
  await (await copier()).end('by itself');
}

// Elsewhere the system does not tell for sure that an owner was of this host.
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('what a process that was killed has copied is removed by a later one', async () => {
  const killed = await copier();
  await killed.end('killed');
  expect(existsSync(join(killed.copies, 'file-1', 'copy.bin'))).toBe(true);
  await later();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder whose owner could not be written is not used: nobody would ever remove it', () => {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { writeFileSync } = fs;
    fs.writeFileSync = () => { throw new Error('no space is left'); };
    syncBuiltinESMExports();
    const { copiesFolder } = await import(new URL('./copies-folder.ts', ${JSON.stringify(import.meta.url)}).href);
    try { copiesFolder(); } catch (error) { console.log(error.message); }
    console.log(fs.readdirSync(process.env.TMPDIR).length);
    fs.writeFileSync = writeFileSync;
    syncBuiltinESMExports();
    console.log(fs.readdirSync(copiesFolder()).join());`;
  const said = execFileSync(process.execPath, ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: folder },
    encoding: 'utf8',
  });
  expect(said).toBe('no space is left\n0\nowner.json\n');
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that somebody cleaned away, as systems do with old temporary files, is made anew', () => {
  const script = `
    import fs from 'node:fs';
    import { join } from 'node:path';
    const { newCopy, removeCopy } = await import(new URL('./copies-folder.ts', ${JSON.stringify(import.meta.url)}).href);
    const copy = () => newCopy('file', async (folder) => {
      fs.writeFileSync(join(folder, 'a'), 'x');
      return join(folder, 'a');
    });
    await copy();
    for (const name of fs.readdirSync(process.env.TMPDIR)) fs.rmSync(join(process.env.TMPDIR, name), { recursive: true });
    const made = await copy();
    const said = [fs.readFileSync(made, 'utf8'), fs.readdirSync(join(made, '../..')).includes('owner.json')];
    await removeCopy(made);
    console.log(...said, fs.existsSync(made));`;
  const said = execFileSync(process.execPath, ['--conditions=mortise-source', '--no-warnings', '--input-type=module', '-e', script], {
    env: { ...process.env, TMPDIR: folder },
    encoding: 'utf8',
  });
  expect(said).toBe('x true false\n');
  expect(readdirSync(folder)).toEqual([]);
});

test('what a living process has copied stays', async () => {
  const lives = await copier();
  await later();
  expect(existsSync(join(lives.copies, 'file-1', 'copy.bin'))).toBe(true);
  await lives.end('by itself');
  expect(readdirSync(folder)).toEqual([]);
});

test.each<[string, (owner: Record<string, unknown>) => unknown]>([
  ['a process of another host', (owner) => ({ ...owner, host: 'elsewhere' })],
  ['a process of another host of the same name', (owner) => ({ ...owner, bootId: 'another' })],
  ['a process in another container', (owner) => ({ ...owner, pidNamespace: 'pid:[1]' })],
  ['a process whose system does not tell its boot', (owner) => ({ ...owner, bootId: '' })],
  ['nobody knows whom', () => undefined],
])('what %s has copied stays', async (_, change) => {
  const killed = await copier();
  await killed.end('killed');
  const file = join(killed.copies, 'owner.json');
  const { owner, ...rest } = JSON.parse(readFileSync(file, 'utf8')) as { owner: Record<string, unknown> };
  writeFileSync(file, JSON.stringify({ owner: change(owner), ...rest }));
  mkdirSync(join(folder, 'mortise-copies-of-an-older-version'));
  await later();
  expect(existsSync(join(killed.copies, 'file-1', 'copy.bin'))).toBe(true);
  expect(readdirSync(folder)).toHaveLength(2);
});
