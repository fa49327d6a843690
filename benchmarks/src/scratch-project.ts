import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { costOfNode, type ProcessCost } from './process-cost.ts';

const benchmarks = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = dirname(benchmarks);
const SCRATCH = join(benchmarks, '.scratch');

const AUTHOR = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'commit.gpgsign=false'];

/** A fingerprint of a file that changed less than 2 s before is not trusted by Mortise; no user's file is that new. */
const SETTLED_MS = 2200;

/** ext4 does not use the inode of a file that was removed a short while ago, and looks at each of them whenever it makes a file. */
const INODES_REST_MS = 300_000;

/** True for a while after the files of a benchmark were removed, and when those of an interrupted one will be: then making files costs too much. */
export function isDiskUnsettled(): boolean {
  return existsSync(SCRATCH) && (statSync(SCRATCH).mtimeMs > Date.now() - INODES_REST_MS || readdirSync(SCRATCH).length > 0);
}

/**
 * A project as a user has it: a Git repository with the built packages in `node_modules` and the workloads as its files. It lies in the checkout,
 * so that it is on a real disk and finds the third-party packages, and belongs to one benchmark run at a time.
 */
export class ScratchProject {
  readonly folder = join(SCRATCH, 'project');
  /** Stores and floors of the rounds before, put aside: to remove them would make the files of the next round dearer. */
  readonly #done = join(SCRATCH, 'done');
  #resets = 0;

  /** `more`: packages beside core, the command and the local flavors, by their folder in the repository. */
  static async make(more: Record<string, string> = {}): Promise<ScratchProject> {
    const project = new ScratchProject();
    project.remove();
    mkdirSync(project.folder, { recursive: true });
    mkdirSync(project.#done);
    cpSync(join(benchmarks, 'workloads'), project.folder, { recursive: true });
    writeFileSync(join(project.folder, 'package.json'), '{ "name": "scratch", "private": true, "type": "module" }\n');
    writeFileSync(join(project.folder, '.gitignore'), 'node_modules/\n.mortise/\nfloor/\n');
    const packages = { core: 'core', cli: 'cli', 'flavors/local': 'flavor-local', ...more };
    for (const [source, name] of Object.entries(packages))
      for (const part of ['package.json', 'dist'])
        cpSync(join(repository, source, part), join(project.folder, 'node_modules/@mortise', name, part), { recursive: true });
    project.git('init', '--quiet');
    project.git('add', '.');
    project.git(...AUTHOR, 'commit', '--quiet', '-m', 'Workloads');
    await delay(SETTLED_MS);
    return project;
  }

  /** A new store, as after `mortise init`; nothing of earlier runs is known. */
  reset(): void {
    const done = join(this.#done, String(++this.#resets));
    mkdirSync(done);
    for (const name of ['.mortise', 'floor'])
      if (existsSync(join(this.folder, name))) renameSync(join(this.folder, name), join(done, name));
    mkdirSync(join(this.folder, 'floor'));
    this.mortise('init');
  }

  /** `node ARGS` in the project's folder. */
  node(...args: string[]): ProcessCost {
    return costOfNode(args, this.folder);
  }

  /** The `mortise` command, its file called directly. */
  mortise(...args: string[]): ProcessCost {
    return this.node(join(this.folder, 'node_modules/@mortise/cli/dist/mortise.js'), ...args);
  }

  /** Empties the scratch folder, which itself stays, so that its time says when that was. */
  remove(): void {
    mkdirSync(SCRATCH, { recursive: true });
    for (const name of readdirSync(SCRATCH)) rmSync(join(SCRATCH, name), { recursive: true });
  }

  private git(...args: string[]): void {
    execFileSync('git', args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}
