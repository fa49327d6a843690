import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { workerIdentity } from '../execution/worker-identity.ts';
import { OWNER_FILE, PREFIX, removeLeftCopies, type CopiesOwner } from './left-copies.ts';

let copies: string | undefined;

/** A folder of this process for copies of what is stored elsewhere. Removed when the process ends, or by a later one if it was killed. */
export function copiesFolder(): string {
  if (copies !== undefined) return copies;
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
