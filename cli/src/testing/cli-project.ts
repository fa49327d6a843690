import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The built command, as its bin entry names it. */
export const bin = join(repository, 'cli/dist/mortise.js');

export interface CommandResult {
  /** Exit code; undefined if a signal ended it. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Run without what root may do beyond other users. */
  unprivileged?: boolean;
  /** What is piped into it. */
  input?: string;
  /** Where it prints to, in place of what `stdout` and `stderr` of the result are read from. */
  output?: { stdout?: number; stderr?: number };
  /** Told of the process once it runs. */
  started?: (child: ChildProcess) => void;
}

/** A folder outside of the repository in which the built command is used, with core installed as npm would link it. */
export interface CliProject {
  folder: string;
  /** Writes a file, and the folders above it. */
  write(path: string, text: string): string;
  mortise(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** What a command that must succeed prints with `--output json`. */
  json<T>(...args: string[]): Promise<T>;
  remove(): void;
}

/** Builds what changed since the last build. To be called before the first command of a test file. */
export function buildCommand(): void {
  execFileSync(process.execPath, [join(repository, 'scripts/build.mjs')], { stdio: 'pipe' });
}

/** An ES module package, without a project in it yet. */
export function cliProject(): CliProject {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mortise-cli-')));
  // For tests as another user: mkdtemp keeps everybody else out.
  chmodSync(folder, 0o755);
  const write = (path: string, text: string): string => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return path;
  };
  write('package.json', '{ "type": "module" }\n');
  mkdirSync(join(folder, 'node_modules/@mortise'), { recursive: true });
  symlinkSync(join(repository, 'core'), join(folder, 'node_modules/@mortise/core'));
  const mortise: CliProject['mortise'] = (args, options = {}) => run(args, { cwd: folder, ...options });
  return {
    folder,
    write,
    mortise,
    async json<T>(...args: string[]) {
      const { code, stdout, stderr } = await mortise([...args, '--output', 'json']);
      if (code !== 0) throw new Error(`mortise ${args.join(' ')} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Another user could not read a checkout in a folder that is root's alone; root without its capabilities can, and may write no more than its modes say. */
const WITHOUT_PRIVILEGES = ['setpriv', '--inh-caps=-all', '--bounding-set=-all'];

async function run(
  args: readonly string[],
  { cwd, env, unprivileged, input, output: to, started }: CommandOptions,
): Promise<CommandResult> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('MORTISE_') && name !== 'NODE_OPTIONS'),
  );
  const [file, ...rest] = [...(unprivileged && process.getuid?.() === 0 ? WITHOUT_PRIVILEGES : []), process.execPath, bin, ...args];
  const child = spawn(file!, rest, {
    stdio: [input === undefined ? 'ignore' : 'pipe', to?.stdout ?? 'pipe', to?.stderr ?? 'pipe'],
    env: { ...inherited, ...env },
    ...(cwd !== undefined && { cwd }),
  });
  child.stdin?.on('error', () => undefined).end(input);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
    });
  started?.(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? undefined, ...output };
}
