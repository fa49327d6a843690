import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

import { NotSerializable } from '../errors.ts';
import { compareKeys } from './artifact-key.ts';
import { statIfThere } from './stat-if-there.ts';

/**
 * Paths of all files below a folder, relative to it, `/`-separated, in binary order.
 * Throws `NotSerializable` for a folder that is not there, and for what is neither file nor folder: a symbolic link, a socket, ...; `label` names the folder in it.
 */
export async function filesIn(folder: string, label: string): Promise<string[]> {
  const stats = await statIfThere(folder);
  if (stats === undefined) throw new NotSerializable({ path: label, what: 'a folder that is not there' });
  if (!stats.isDirectory()) throw new NotSerializable({ path: label, what: 'no folder' });
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (!entry.isFile())
      throw new NotSerializable({ path: `${label}/${path}`, what: entry.isSymbolicLink() ? 'a symbolic link' : 'no regular file' });
    files.push(path);
  }
  return files.sort(compareKeys);
}
