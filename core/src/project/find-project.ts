import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FolderNotWritable, NoProject } from '../errors.ts';
import { fileErrorReason } from './file-error.ts';
import { PROJECT_FOLDER, projectAt, type Project } from './project.ts';

/**
 * The project of a folder: its nearest ancestor (itself included) that has a `.mortise` folder.
 * @param options.from Default: what `MORTISE_PROJECT` names, which is the path of a root and not searched above, else the working directory.
 * @throws NoProject, FolderNotWritable
 */
export function findProject(options: { from?: string } = {}): Project {
  // What a program names itself is not overridden by what happens to be in its environment.
  const named = options.from === undefined ? process.env['MORTISE_PROJECT'] : undefined;
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
