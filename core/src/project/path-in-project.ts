import { isAbsolute, relative, sep } from 'node:path';

/** A path from the project's folder, with `/`, so that a project can move; undefined for what lies elsewhere. */
export function pathInProject(root: string, path: string): string | undefined {
  const from = relative(root, path);
  return from.startsWith('..') || isAbsolute(from) ? undefined : from.split(sep).join('/');
}
