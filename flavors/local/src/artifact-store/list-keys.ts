import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { compareKeys } from '@mortise/core';

import { MARKER, TEMPORARY } from './store-folder.ts';
import { isSystemError } from './system-error.ts';

/** The keys in a store's folder that begin with `prefix` and come after `after`, in binary order. Folders that hold none of them are not opened. */
export async function* listKeys(root: string, prefix: string, after: string): AsyncGenerator<string, void, undefined> {
  yield* keysIn(root, '', prefix, after);
}

async function* keysIn(root: string, folder: string, prefix: string, after: string): AsyncGenerator<string, void, undefined> {
  for (const name of await namesIn(root, folder)) {
    const key = folder + name;
    if (!key.endsWith('/')) {
      if (key.startsWith(prefix) && compareKeys(key, after) > 0) yield key;
      continue;
    }
    const holdsSome = key.startsWith(prefix) || prefix.startsWith(key);
    // All keys of a folder begin with its own: they come after `after` as it does, unless `after` lies within.
    const isAfter = compareKeys(key, after) > 0 || after.startsWith(key);
    if (holdsSome && isAfter) yield* keysIn(root, key, prefix, after);
  }
}

/** Files, and folders with a `/` at their end, which is also how they sort among the keys. */
async function namesIn(root: string, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    const ours = folder === '' ? entries.filter(({ name }) => !name.startsWith(MARKER) && name !== TEMPORARY) : entries;
    const names = ours.flatMap((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.isFile() ? entry.name : []));
    return names.sort(compareKeys);
  } catch (error) {
    // Removed meanwhile.
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
