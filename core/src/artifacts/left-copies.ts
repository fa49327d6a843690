import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { ownerState } from '../execution/owner-state.ts';
import { workerIdentity } from '../execution/worker-identity.ts';
import type { WorkerRecord } from '../store/run-data.ts';

/** What a folder of copies says of the process that it is of. */
export interface CopiesOwner {
  owner: WorkerRecord;
  /** When it was made, ms since the epoch. */
  since: number;
}

export const PREFIX = 'mortise-copies-';
export const OWNER_FILE = 'owner.json';

/**
 * Removes the folders of copies below `parent` that processes left which were killed. Those of another user, and of processes that are not known for sure to
 * be gone, stay. Never rejects: what cannot be removed now, a later process will.
 */
export async function removeLeftCopies(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => []))
    if (name.startsWith(PREFIX)) await removeIfLeft(join(parent, name)).catch(() => undefined);
}

async function removeIfLeft(folder: string): Promise<void> {
  const stats = await lstat(folder);
  if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) return;
  // One whose owner has not said yet who it is, or was killed before it did, has no copies.
  const left = JSON.parse(await readFile(join(folder, OWNER_FILE), 'utf8')) as CopiesOwner;
  // Hosts that share this folder may have one name: only a system that tells its boots apart tells for sure that the owner was of this one.
  if (!left.owner.bootId || (await ownerState(left, workerIdentity())) !== 'dead') return;
  // Last of all what says whose it is: should this be cut short, the rest is found again.
  for (const name of await readdir(folder)) if (name !== OWNER_FILE) await rm(join(folder, name), { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}
