import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { temporaryProject } from './temporary-project.ts';

const BUILD = fileURLToPath(new URL('../../../scripts/build.mjs', import.meta.url));

export interface ScriptEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ScriptOptions {
  args?: readonly string[];
  /** Told of the process, and of what it prints as it prints it. */
  onOutput?: (text: string, process: ChildProcess) => void;
}

/** A project whose scripts run in processes of their own, on the built packages. */
export interface ScriptProject {
  root: string;
  write(file: string, source: string): string;
  /** Runs a file of the project to its end. */
  run(file: string, options?: ScriptOptions): Promise<ScriptEnd>;
  /** Runs a file that prints JSON at its end, and gives that. Throws with what it wrote to stderr when it does not. */
  json<T>(file: string): Promise<T>;
  remove(): void;
}

/** Builds what changed since the last build. */
export async function scriptProject(): Promise<ScriptProject> {
  execFileSync(process.execPath, [BUILD], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { project, remove } = await temporaryProject();
  const { root } = project;
  const run = (file: string, { args = [], onOutput }: ScriptOptions = {}): Promise<ScriptEnd> => {
    const child = spawn(process.execPath, ['--no-warnings', join(root, file), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
        onOutput?.(text, child);
      });
    return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...output })));
  };
  return {
    root,
    remove,
    run,
    write(file, source) {
      const path = join(root, file);
      writeFileSync(path, source);
      return path;
    },
    async json<T>(file: string) {
      const { stdout, stderr } = await run(file);
      const last = stdout.trimEnd().split('\n').at(-1)!;
      if (!last.startsWith('{') && !last.startsWith('[')) throw new Error(`${file} printed no JSON: ${stdout}${stderr}`);
      return JSON.parse(last) as T;
    },
  };
}

/** True while a process runs, or is a zombie that nobody has waited for. */
export function exists(pid: number): boolean {
  return readdirSync('/proc').includes(String(pid));
}

/** True while a process runs: not when it has ended and nobody has waited for it. */
export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Process ids of the children of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid);
}

function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The fields of `/proc/<pid>/stat` behind the command in brackets: state, parent, ... */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
