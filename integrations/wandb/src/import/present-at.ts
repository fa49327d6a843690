import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What is at a path, or undefined if there is nothing. Throws other errors of the file system, such as of what may not be read. */
export async function presentAt(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
