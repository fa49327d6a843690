import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Amount } from '../artifacts/garbage.ts';
import { FolderNotWritable } from '../errors.ts';
import { fileErrorReason } from '../project/file-error.ts';
import type { MetadataStore } from '../store/metadata-store.ts';

/** Removes the event log and the console files of a run; with `keep`, only counts them. Throws `FolderNotWritable`. */
export function removeRunLogs(logsFolder: string, runId: string, keep = false): Amount {
  const folder = join(logsFolder, runId);
  const amount = { count: 0, bytes: 0 };
  for (const path of filesBelow(folder)) add(amount, path);
  if (!keep) remove(folder);
  return amount;
}

/** Removes segments of event logs that nobody reads any more; with `keep`, only counts them. The file goes first: one without a row would be read anew. Throws `FolderNotWritable`. */
export async function removeDrainedSegments(store: MetadataStore, logsFolder: string, keep: boolean): Promise<Amount> {
  const amount = { count: 0, bytes: 0 };
  for (let after = ''; ;) {
    const segments = await store.drainedSegments(after);
    for (const { runId, path } of segments) {
      // Where the project lies now: it may have been moved.
      const file = join(logsFolder, runId, basename(path));
      add(amount, file);
      if (!keep) removeFile(file);
    }
    if (segments.length === 0) return amount;
    if (!keep) await store.forgetSegments(segments.map(({ id }) => id));
    after = segments.at(-1)!.id;
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (cause) {
    throw new FolderNotWritable({ folder: dirname(path), reason: fileErrorReason(cause) }, { cause });
  }
}

function removeFile(file: string): void {
  remove(file);
  try {
    rmdirSync(dirname(file));
  } catch {
    // Other files are in the folder, or it is gone.
  }
}

function filesBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function add(amount: Amount, file: string): void {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return;
  amount.count++;
  amount.bytes += stats.size;
}
