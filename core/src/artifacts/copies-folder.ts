import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';

import { workerIdentity } from '../execution/worker-identity.ts';
import { OWNER_FILE, PREFIX, removeLeftCopies, type CopiesOwner } from './left-copies.ts';

let copies: string | undefined;

/** A folder of this process for copies of what is stored elsewhere. Removed when the process ends, or by a later one if it was killed. */
export function copiesFolder(): string {
  // Systems remove what has lain in the folder for temporary files for some days; a process may live longer.
  if (copies !== undefined && existsSync(copies)) return copies;
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, OWNER_FILE), JSON.stringify({ owner: workerIdentity(), since: Date.now() } satisfies CopiesOwner));
  } catch (error) {
    remove();
    throw error;
  }
  process.once('exit', remove);
  copies = folder;
  void removeLeftCopies(tmpdir());
  return copies;
}

/** Lets `fill` make a copy in a folder of its own, and gives the path that it gives. One that fails leaves nothing on a disk that may be full. */
export async function newCopy(kind: 'file' | 'folder', fill: (folder: string) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(join(copiesFolder(), `${kind}-`));
  try {
    return await fill(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** Removes the copy that `path` is, if it is one. Never rejects: what cannot be removed goes when the process ends. */
export async function removeCopy(path: string): Promise<void> {
  if (copies === undefined) return;
  const [name = ''] = relative(copies, path).split(sep);
  if (/^(file|folder)-/.test(name)) await rm(join(copies, name), { recursive: true, force: true }).catch(() => undefined);
}
