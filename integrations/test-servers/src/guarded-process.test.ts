import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGuarded } from './guarded-process.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), 'mortise-guard-'));
  await mkdir(join(folder, 'data'));
});

afterEach(async () => {
  for (const pid of await pids(1)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** A server of two processes, as MLflow is one: it writes the pid of each into a file. */
const SERVER = `
  const { spawn } = require('node:child_process');
  const { writeFileSync } = require('node:fs');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  writeFileSync('pids', process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
`;

/** A test process that has started that server and does nothing more. */
const STARTER = `
  const { startGuarded } = await import(${JSON.stringify(new URL('./guarded-process.ts', import.meta.url).href)});
  await startGuarded(process.execPath, ['-e', process.argv[1]], { cwd: process.argv[2], removes: process.argv[2] + '/data' });
  setInterval(() => {}, 1000);
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the server wrote, as soon as it has. */
async function pids(tries = Infinity): Promise<number[]> {
  for (let i = 0; i < tries; i++) {
    const text = existsSync(join(folder, 'pids')) ? await readFile(join(folder, 'pids'), 'utf8') : '';
    if (text !== '') return text.split(' ').map(Number);
    await sleep(10);
  }
  return [];
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}

describe('what a process has started', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('ends with it and its data go, when it ends by %s', async (signal) => {
    const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER, SERVER, folder], { stdio: 'ignore' });
    const started = await pids();
    expect(started.map(isAlive)).toEqual([true, true]);
    starter.kill(signal);
    await until(() => !started.some(isAlive));
    await until(() => !existsSync(join(folder, 'data')));
  });

  it('ends with all its processes when it is killed, and its data stay', async () => {
    const server = await startGuarded(process.execPath, ['-e', SERVER], { cwd: folder, removes: join(folder, 'data') });
    const started = await pids();
    expect([server.running, server.pid]).toEqual([true, started[0]]);
    await server.kill();
    expect(server.running).toBe(false);
    await until(() => !started.some(isAlive));
    expect(existsSync(join(folder, 'data'))).toBe(true);
  });

  it('ends with all its processes and its data when it is ended', async () => {
    const server = await startGuarded(process.execPath, ['-e', SERVER], { cwd: folder, removes: join(folder, 'data') });
    const started = await pids();
    await server.end();
    await server.end();
    await until(() => !started.some(isAlive));
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('gives its exit code and its output', async () => {
    const log = join(folder, 'log');
    const command = await startGuarded(process.execPath, ['-e', 'console.log("hello"); process.exitCode = 3'], { log });
    expect(await command.exited()).toBe(3);
    expect(await readFile(log, 'utf8')).toBe('hello\n');
  });

  it('can be killed when it has just ended by itself', async () => {
    const command = await startGuarded(process.execPath, ['-e', ''], { log: join(folder, 'log') });
    // Meanwhile it ends, and nothing of that is heard here.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    await command.kill();
    expect(command.running).toBe(false);
  });

  it('is an error when it cannot be started', async () => {
    await expect(startGuarded(join(folder, 'no-such-command'), [], { log: join(folder, 'log') })).rejects.toThrow('could not be started');
    expect(await readFile(join(folder, 'log'), 'utf8')).toContain('ENOENT');
  });
});
