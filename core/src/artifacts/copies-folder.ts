import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let copies: string | undefined;

/** A folder of this process for copies of what is stored elsewhere. Removed when the process ends. */
export function copiesFolder(): string {
  if (copies !== undefined) return copies;
  const folder = mkdtempSync(join(tmpdir(), 'mortise-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return (copies = folder);
}
