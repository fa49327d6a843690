import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cliProject, type CliProject } from '../../cli/src/testing/cli-project.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of one of the examples outside of the repository, with what its package.json names installed as npm would link it. */
export function exampleProject(name: string): CliProject {
  const example = join(repository, 'examples', name);
  const project = cliProject();
  for (const part of ['package.json', 'tsconfig.json', 'src', 'data'].filter((each) => existsSync(join(example, each))))
    cpSync(join(example, part), join(project.folder, part), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const dependency of Object.keys(dependencies)) link(dependency, example, project.folder);
  return project;
}

function link(dependency: string, example: string, folder: string): void {
  const place = join(folder, 'node_modules', dependency);
  if (existsSync(place)) return;
  const own = join(example, 'node_modules', dependency);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(existsSync(own) ? own : join(repository, 'node_modules', dependency), place, 'dir');
}
