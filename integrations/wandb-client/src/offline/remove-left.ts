import { readdir, rm } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';

import { isCode } from './error-code.ts';
import type { RunFolder } from './run-folder.ts';
import { isPart } from './write-file.ts';

/** What the records of a run tell of. */
export interface ToldFiles {
  /** Paths of its files. */
  files: ReadonlySet<string>;
  /** Where the copies of its artifacts' files were put; the run may have been moved since. */
  staged: ReadonlySet<string>;
}

/**
 * Takes away what a process that was killed has left in a run's folder: files that are not whole, and copies for artifacts that no record tells of.
 * Throws errors of the file system.
 */
export async function removeLeft({ files, staging }: RunFolder, told: ToldFiles): Promise<void> {
  const parts = (await namesIn(files, true)).filter((path) => isPart(basename(path)) && !told.files.has(path.replaceAll(sep, '/')));
  for (const path of parts) await rm(join(files, path), { force: true });
  const folders = new Set(Array.from(told.staged).flatMap((path) => path.split(/[/\\]/)));
  for (const name of await namesIn(staging, false)) if (!folders.has(name)) await rm(join(staging, name), { recursive: true, force: true });
}

async function namesIn(folder: string, recursive: boolean): Promise<string[]> {
  try {
    return await readdir(folder, { recursive });
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}
