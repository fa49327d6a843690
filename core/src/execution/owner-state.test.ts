import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { afterEach, describe, expect, it } from '@jest/globals';

import { newId } from '../id.ts';
import type { WorkerRecord } from '../store/run-data.ts';
import { isSilent, ownerState } from './owner-state.ts';
import { parsePs, parseStat, processStatus } from './process-status.ts';
import { workerIdentity } from './worker-identity.ts';

const onLinux = process.platform === 'linux' ? it : it.skip;
const here = workerIdentity();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A process of this machine, as it would have recorded itself. */
async function otherProcess(): Promise<{ child: ChildProcess; owner: WorkerRecord }> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setTimeout(() => {}, 60_000)'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  const status = await processStatus(child.pid!);
  const processStartedAt = String((status as { startedAt: string }).startedAt);
  return { child, owner: { ...here, id: newId(), pid: child.pid!, processStartedAt } };
}

const stateOf = (owner: WorkerRecord) => ownerState({ owner, since: Date.now() }, here);

describe('the owner of a run', () => {
  it('is alive while its process is there, also when it is stopped', async () => {
    const { child, owner } = await otherProcess();
    expect(await stateOf(owner)).toBe('alive');
    child.kill('SIGSTOP');
    expect(await stateOf(owner)).toBe('alive');
    expect(await stateOf(here)).toBe('alive');
  });

  it('is dead once its process has ended', async () => {
    const { child, owner } = await otherProcess();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await stateOf(owner)).toBe('dead');
  });

  onLinux('is dead when another process has its pid', async () => {
    const { owner } = await otherProcess();
    expect(await stateOf({ ...owner, processStartedAt: '1' })).toBe('dead');
  });

  onLinux('is dead when it is a zombie, to which signals can still be sent', async () => {
    // The shell becomes a process that never waits for the child it has.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(parent);
    const pid = Number(((await once(parent.stdout, 'data')) as [Buffer])[0].toString());
    const processStartedAt = String(parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).startedAt);
    const owner = { ...here, id: newId(), pid, processStartedAt };
    while (((await processStatus(pid)) as { zombie: boolean }).zombie === false) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(process.kill(pid, 0)).toBe(true);
    expect(await stateOf(owner)).toBe('dead');
  });

  it.each(['host', 'bootId', 'pidNamespace'] as const)('cannot be told of by another %s, whatever has its pid here', async (field) => {
    const { owner } = await otherProcess();
    expect(await stateOf({ ...owner, [field]: 'other' })).toBe('unknown');
    expect(await stateOf({ ...owner, [field]: 'other', pid: 2 ** 22 + 1 })).toBe('unknown');
  });
});

describe('an owner that cannot be asked', () => {
  const run = { since: 0, now: 100_000, cancelRequested: false };

  it('is taken for dead when its last heartbeat is older than the limit', () => {
    expect(isSilent({ ...run, beatAt: 69_000 }, 30_000)).toBe(true);
    expect(isSilent({ ...run, beatAt: 71_000 }, 30_000)).toBe(false);
  });

  it('has more time before its first heartbeat, which a busy main thread may keep from starting, unless somebody wants the run to end', () => {
    expect(isSilent(run, 30_000)).toBe(false);
    expect(isSilent({ ...run, now: 4_000_000 }, 30_000)).toBe(true);
    expect(isSilent({ ...run, cancelRequested: true }, 30_000)).toBe(true);
  });

  it('has it again in a session that began after its last heartbeat', () => {
    expect(isSilent({ ...run, beatAt: 10_000, since: 20_000 }, 30_000)).toBe(false);
  });
});

describe('what systems say of a process', () => {
  it('Linux: state and start time, behind a command of spaces and brackets', () => {
    const fields = ['S', ...Array.from({ length: 18 }, (_, i) => String(i)), '4242', 'rest'];
    expect(parseStat(`12 (a) b (c) ${fields.join(' ')}`)).toEqual({ startedAt: '4242', zombie: false });
    expect(parseStat(`12 (x) ${['Z', ...fields.slice(1)].join(' ')}`).zombie).toBe(true);
  });

  it('ps: state and local start time, or nothing', () => {
    expect(parsePs('Ss   Thu Nov 20 10:00:00 2025\n')).toEqual({ startedAt: new Date(2025, 10, 20, 10).getTime(), zombie: false });
    expect(parsePs('Z+   Thu Nov 20 10:00:00 2025')).toMatchObject({ zombie: true });
    expect(parsePs('')).toBe('unknown');
  });
});
