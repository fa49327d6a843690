import { readFileSync, readlinkSync } from 'node:fs';

/** A process as the system shows it. */
export interface ProcessStatus {
  /** Linux: clock ticks since boot, as text. Elsewhere: ms since the epoch, to the second. */
  startedAt: string | number;
  /** It has ended, and only its parent has not noticed. */
  zombie: boolean;
}

/** `unknown`: it is there, or may be, but cannot be looked at. */
export type SeenProcess = ProcessStatus | 'gone' | 'unknown';

/** What became of a process of this machine. 20 µs on Linux; elsewhere another program is asked. Never throws. */
export async function processStatus(pid: number): Promise<SeenProcess> {
  if (process.platform === 'linux') return linuxStatus(pid);
  if (!exists(pid)) return 'gone';
  return process.platform === 'win32' ? windowsStatus(pid) : psStatus(pid);
}

function linuxStatus(pid: number): SeenProcess {
  try {
    // A pid namespace without a /proc of its own sees that of another one, where this pid is somebody else.
    if (readlinkSync('/proc/self') !== String(process.pid)) return 'unknown';
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // /proc may hide the processes of other users.
    return exists(pid) ? 'unknown' : 'gone';
  }
}

/** `/proc/<pid>/stat`: state is field 3, start time field 22; the command before them may hold spaces and brackets, so count from the last `)`. */
export function parseStat(stat: string): ProcessStatus {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { startedAt: fields[19] ?? '', zombie: /^[ZXx]$/.test(fields[0] ?? '') };
}

async function psStatus(pid: number): Promise<SeenProcess> {
  const line = await answerOf('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  return line === undefined ? 'unknown' : parsePs(line);
}

/** `Ss   Thu Nov 20 10:00:00 2025`, in local time. */
export function parsePs(line: string): SeenProcess {
  const [, state, started] = /^(\S+)\s+(.+)$/.exec(line.trim()) ?? [];
  const startedAt = Date.parse(started ?? '');
  return state === undefined || Number.isNaN(startedAt) ? 'unknown' : { startedAt, zombie: state.startsWith('Z') };
}

async function windowsStatus(pid: number): Promise<SeenProcess> {
  const query = `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CreationDate.ToUniversalTime().ToString('o')`;
  const startedAt = Date.parse((await answerOf('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query])) ?? '');
  return Number.isNaN(startedAt) ? 'unknown' : { startedAt, zombie: false };
}

async function answerOf(program: string, args: readonly string[]): Promise<string | undefined> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) =>
    execFile(program, args, { timeout: 5_000, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim()),
    ),
  );
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
