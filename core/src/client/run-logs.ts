import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Amount } from '../artifacts/garbage.ts';
import { FolderNotWritable } from '../errors.ts';
import { ownerState, silenceOf } from '../execution/owner-state.ts';
import { workerIdentity } from '../execution/worker-identity.ts';
import { fileErrorReason } from '../project/file-error.ts';
import type { DrainedSegment } from '../store/delivery-store.ts';
import type { MetadataStore } from '../store/metadata-store.ts';
import { applySegment } from '../tracking/apply-left-logs.ts';

/** A process that was taken for dead and cannot be asked may have been stopped, and wake up, for so long, ms. */
const MAY_WAKE_MS = 7 * 24 * 3_600_000;

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
    const removed: string[] = [];
    for (const segment of segments) {
      if (await mayBeWritten(segment)) continue;
      // Where the project lies now: it may have been moved.
      const file = join(logsFolder, segment.runId, basename(segment.path));
      const bytes = add(amount, file);
      // Its writer was taken for dead, and has woken up since.
      if (!keep && bytes > segment.appliedOffset) await applySegment(store, segment.runId, { ...segment, path: file });
      if (!keep) removeFile(file);
      removed.push(segment.id);
    }
    if (segments.length === 0) return amount;
    if (!keep) await store.forgetSegments(removed);
    after = segments.at(-1)!.id;
  }
}

/** What a process writes to a file that was removed is gone with it. */
async function mayBeWritten({ writers }: DrainedSegment): Promise<boolean> {
  for (const writer of writers) {
    const state = await ownerState(writer, workerIdentity());
    if (state === 'alive' || (state === 'unknown' && silenceOf(writer) < MAY_WAKE_MS)) return true;
  }
  return false;
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

/** Gives how long the file is, bytes. */
function add(amount: Amount, file: string): number {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  amount.count++;
  amount.bytes += stats.size;
  return stats.size;
}
