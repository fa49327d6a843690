import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing. Throws what the file system answers, also where Node's recursive `mkdir` tries for ever: it takes
 * "no such file" for a missing folder above, and a file system that makes no folders, such as /proc, says that of each. `mode`: of those that it makes.
 */
export function makeFolder(path: string, mode?: number): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process made it.
    if (!isFolder(path)) throw error;
  }
}

/** False also where it cannot be seen: the making of it says why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
