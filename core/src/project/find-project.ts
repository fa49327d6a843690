import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FolderNotWritable, NoProject } from '../errors.ts';
import { fileErrorReason } from './file-error.ts';
import { PROJECT_FOLDER, projectAt, type Project } from './project.ts';

/**
 * The project of a folder: its nearest ancestor (itself included) that has a `.mortise` folder. `MORTISE_PROJECT`, the path of a root, overrides the search.
 * @param options.from Default: the working directory.
 * @throws NoProject, FolderNotWritable
 */
export function findProject(options: { from?: string } = {}): Project {
  const named = process.env['MORTISE_PROJECT'];
  const from = resolve(named || (options.from ?? process.cwd()));
  const root = named && !isProject(from) ? undefined : nearestProjectFolder(from);
  if (root === undefined) throw new NoProject({ from, searched: !named });
  return projectAt(root);
}

/** The nearest ancestor of a folder, itself included, that is the root of a project. */
export function nearestProjectFolder(from: string): string | undefined {
  if (isProject(from)) return from;
  return from === dirname(from) ? undefined : nearestProjectFolder(dirname(from));
}

/** @throws FolderNotWritable */
function isProject(folder: string): boolean {
  try {
    return statSync(join(folder, PROJECT_FOLDER), { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    // There may be one: to go on above it would be to work in another project.
    throw new FolderNotWritable({ folder, reason: fileErrorReason(error) }, { cause: error });
  }
}
