import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What lies at a path, or undefined if nothing does. Throws the system's error where that cannot be told: what may not be looked at is not missing. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
