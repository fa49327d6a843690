import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { ImportFailed } from '@mortise/core';

import { OLD_LOG } from './old-logs.ts';

/** Files of runs of Neptune, by how they are read. */
export interface NeptuneFiles {
  /** `run_operations.sqlite3` of neptune-scale. */
  offline: string[];
  /** Parquet of neptune-exporter. */
  exported: string[];
  /** Folders with the logs of operations of Neptune 1.x. */
  old: string[];
}

/** Deeper folders than these are looked into by nobody who exports or logs. */
const DEEPEST = 6;

/**
 * Looks for files at and below `from`, in an order that stays.
 * @throws ImportFailed when there are none
 */
export async function findFiles(from: string): Promise<NeptuneFiles> {
  const found: NeptuneFiles = { offline: [], exported: [], old: [] };
  try {
    if ((await stat(from)).isDirectory()) await look(from, found, 0);
    else take(from, found);
  } catch (cause) {
    throw new ImportFailed({ from, reason: reasonOf(cause as NodeJS.ErrnoException), advice: ADVICE }, { cause });
  }
  if (found.offline.length + found.exported.length + found.old.length > 0) return found;
  throw noRun(from);
}

export function noRun(from: string): Error {
  return new ImportFailed({ from, reason: 'there is no run of Neptune in it', advice: ADVICE });
}

const ADVICE = 'Name the folder in which Neptune kept its runs offline (.neptune), or the one with the parquet files of neptune-exporter.';

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file or folder' : message;
}

async function look(folder: string, found: NeptuneFiles, depth: number): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < DEEPEST && entry.name !== 'node_modules') await look(path, found, depth + 1);
    } else take(path, found);
  }
}

function take(path: string, { offline, exported, old }: NeptuneFiles): void {
  if (path.endsWith('.sqlite3')) offline.push(path);
  else if (path.endsWith('.parquet')) exported.push(path);
  else if (OLD_LOG.test(basename(path)) && !old.includes(dirname(path))) old.push(dirname(path));
}
