import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A namespace of mounts of its own: what is mounted in it is seen by nobody else, and gone with its last process. */
const NAMESPACE = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];

/** Mounts a small disk over a folder, which keeps its files, and runs scripts there one after the other; between them the disk is emptied again. */
const DRIVER = `
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
const [folder, size, ...scripts] = process.argv.slice(2);
const kept = mkdtempSync(join(tmpdir(), 'mortise-kept-'));
mkdirSync(folder, { recursive: true });
cpSync(folder, kept, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=' + size, 'tmpfs', folder]);
cpSync(kept, folder, { recursive: true });
rmSync(kept, { recursive: true });
const ends = [];
for (const script of scripts) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', script], { encoding: 'utf8', timeout: 240_000 });
  ends.push({ code: status, signal, stdout, stderr });
  rmSync(join(folder, 'filler'), { force: true });
}
process.stdout.write(JSON.stringify(ends));
`;

/** For scripts: `fill(most)` fills the disk, but for `spare` bytes. */
export const FILL = `
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
const fill = (folder, spare = 0) => {
  const fd = openSync(folder + '/filler', 'a');
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(folder);
      if (bavail * bsize <= spare) break;
      writeSync(fd, Buffer.alloc(Math.min(65536, Math.max(1, bavail * bsize - spare))));
    }
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
};
`;

export interface DiskEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Whether this user may mount a disk where nobody else sees it. */
export function mayMount(): boolean {
  try {
    execFileSync('unshare', [...NAMESPACE, 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs scripts of a project whose `folder` is a disk of `size` (`1m`). Before the next one begins, the file `filler` is removed from the disk. */
export async function onSmallDisk(
  project: { root: string; write(file: string, source: string): string },
  { folder, size }: { folder: string; size: string },
  scripts: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<DiskEnd[]> {
  const driver = project.write('small-disk.mjs', DRIVER);
  const args = [...NAMESPACE, process.execPath, driver, join(project.root, folder), size, ...scripts];
  const { stdout } = await promisify(execFile)('unshare', args, { cwd: project.root, env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as DiskEnd[];
}
