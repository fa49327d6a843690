import { existsSync, readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseEditedJson } from '../parse-edited-json.ts';
import { pathInProject } from '../project/path-in-project.ts';
import type { RunEnvironment } from '../store/run-data.ts';
import { loadedFile } from './child/code-origin.ts';

/** Where a run happens, recorded without being asked. A folder that is in no git repository is fine. */
export async function describeEnvironment(root: string): Promise<RunEnvironment> {
  const asked = describeGit(root);
  // While Git looks.
  const user = userName();
  const file = ranFile(root);
  const packages = installedPackages(root);
  const git = await asked;
  return {
    ...(git && { git }),
    ...(user !== undefined && { user }),
    host: hostname(),
    node: process.versions.node,
    packages,
    command: [...process.argv],
    ...(file !== undefined && { file }),
  };
}

/** What a person would look for: the file that the command line was asked for, not the program that ran it. None for `node -e`. */
function ranFile(root: string): string | undefined {
  const loaded = loadedFile();
  const path = loaded === undefined ? process.argv[1] : fileURLToPath(loaded.module);
  return path === undefined ? undefined : (pathInProject(root, path) ?? path);
}

/** Versions of the packages that the project names as its own, as far as they are installed. */
function installedPackages(root: string): Record<string, string> {
  const { dependencies, devDependencies } = readManifest(join(root, 'package.json'));
  const versions: Record<string, string> = {};
  for (const name of Object.keys({ ...dependencies, ...devDependencies }).sort()) {
    const { version } = readManifest(join(root, 'node_modules', name, 'package.json'));
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

interface Manifest {
  version?: string;
  dependencies?: object;
  devDependencies?: object;
}

function readManifest(path: string): Manifest {
  try {
    const manifest = parseEditedJson(readFileSync(path, 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : {};
  } catch {
    return {};
  }
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'];
  }
}

/** Characters: of so many changed files nobody wants to wait for all. */
const MOST_SAID = 64 * 1024 * 1024;

async function describeGit(root: string): Promise<RunEnvironment['git']> {
  if (!insideRepository(root)) return undefined;
  const text = await new Promise<string | undefined>((resolve) => {
    // Loaded at once, and only here: awaiting an import would let other work of the start go first.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0' };
    // One pipe: each takes a start half a millisecond.
    const git = spawn('git', ['status', '--porcelain=v2', '--branch'], {
      cwd: root,
      timeout: 5000,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    git.stdout.setEncoding('utf8').on('data', (part: string) => (said.length < MOST_SAID ? (said += part) : git.kill()));
    git.on('error', () => resolve(undefined)).on('close', (code) => resolve(code === 0 ? said : undefined));
    // It throws where no process can be started, as with a variable that is too large for one: that is no reason to end a run.
  }).catch(() => undefined);
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
