import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

import type { RunEnvironment } from '../store/metadata-store.ts';

/** Where a run happens, recorded without being asked. A folder that is in no git repository is fine. */
export async function describeEnvironment(root: string, packages: Record<string, string>): Promise<RunEnvironment> {
  const git = await describeGit(root);
  const user = userName();
  return {
    ...(git && { git }),
    ...(user !== undefined && { user }),
    host: hostname(),
    node: process.versions.node,
    packages,
    command: [...process.argv],
  };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'];
  }
}

async function describeGit(root: string): Promise<RunEnvironment['git']> {
  if (!insideRepository(root)) return undefined;
  const text = await new Promise<string | undefined>((resolve) => {
    const options = { cwd: root, timeout: 5000, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, GIT_OPTIONAL_LOCKS: '0' } };
    execFile('git', ['status', '--porcelain=v2', '--branch'], options, (error, stdout) => resolve(error ? undefined : stdout));
  });
  return text === undefined ? undefined : parseStatus(text);
}

/** Asking git costs a process: look for a repository first. */
function insideRepository(root: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return true;
    if (folder === dirname(folder)) return process.env['GIT_DIR'] !== undefined;
  }
}

/** `# branch.oid <commit>`, `# branch.head <branch>`, then one line per changed file. */
function parseStatus(text: string): RunEnvironment['git'] {
  const lines = text.split('\n');
  const header = (name: string): string | undefined => lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3);
  const commit = header('branch.oid');
  if (commit === undefined || commit === '(initial)') return undefined;
  const branch = header('branch.head');
  const dirty = lines.some((line) => line !== '' && !line.startsWith('#'));
  return { commit, ...(branch !== undefined && branch !== '(detached)' && { branch }), dirty };
}
