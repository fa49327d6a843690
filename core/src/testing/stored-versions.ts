import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Client } from '../client/client.ts';

/** The paths of all versions of a project, each a file in its local artifact store. Throws when one has no bytes, or other ones than its digest says. */
export async function pathsOfVersions(client: Client): Promise<string[]> {
  const paths: string[] = [];
  for (let after: string | null = null; ;) {
    const { items, next } = await client.listArtifacts({ limit: 1000, ...(after !== null && { after }) });
    for (const { artifact, version, sha256 } of items) {
      const path = fileURLToPath((await client.getArtifactVersion(artifact, version)).uri!);
      const found = createHash('sha256').update(readFileSync(path)).digest('hex');
      if (found !== sha256) throw new Error(`version ${version} of ${artifact} has the digest ${found}, not ${sha256}`);
      paths.push(path);
    }
    if (next === null) return paths;
    after = next;
  }
}

/** The paths of all objects in the folder of a local artifact store, sorted. */
export function storedFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.') && !entry.parentPath.includes('/.tmp'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
