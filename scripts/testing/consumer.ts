import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildCommand } from '../../cli/src/testing/cli-project.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A package of others, outside of the repository, that is compiled against built packages. */
export interface Consumer {
  folder: string;
  write(name: string, text: string): void;
  /** Runs the compiler in its folder. */
  tsc(...args: string[]): { stdout: string; status: number | null };
  remove(): void;
}

/** Builds, and installs packages (by their folders in the repository) as npm would; `others`: what these import, linked. */
export function consumer(packages: readonly string[] = ['core'], others: readonly string[] = []): Consumer {
  buildCommand();
  const folder = mkdtempSync(join(tmpdir(), 'mortise-consumer-'));
  for (const source of packages) {
    const { name } = JSON.parse(readFileSync(join(repository, source, 'package.json'), 'utf8')) as { name: string };
    // No link: the compiler must not find another way to the files than through what the package exports.
    for (const part of ['package.json', 'dist'])
      cpSync(join(repository, source, part), join(folder, 'node_modules', name, part), { recursive: true });
  }
  for (const name of ['@types/node', ...others]) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, 'node_modules', name), link, 'dir');
  }
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('package.json', '{ "type": "module" }');
  return {
    folder,
    write,
    tsc: (...args) =>
      spawnSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), ...args, '--pretty', 'false'], {
        cwd: folder,
        encoding: 'utf8',
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
