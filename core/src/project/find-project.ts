import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { NoProject } from '../errors.ts';
import { PROJECT_FOLDER, projectAt, type Project } from './project.ts';

/**
 * The project of a folder: its nearest ancestor (itself included) that has a `.mortise` folder. `MORTISE_PROJECT`, the path of a root, overrides the search.
 * @param options.from Default: the working directory.
 * @throws NoProject
 */
export function findProject(options: { from?: string } = {}): Project {
  const named = process.env['MORTISE_PROJECT'];
  const from = resolve(named || (options.from ?? process.cwd()));
  for (let folder = from; ; folder = dirname(folder)) {
    if (isFolder(join(folder, PROJECT_FOLDER))) return projectAt(folder);
    if (named || folder === dirname(folder)) throw new NoProject({ from });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
