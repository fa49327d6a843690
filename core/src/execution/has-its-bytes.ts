import { statSync } from 'node:fs';

import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { CachedStep } from '../store/step-data.ts';

/** Files of one version that are looked at: of a folder of very many, the first ones stand for all. */
const MOST = 100;

/**
 * False if bytes of a cached step's outputs are not where it left them, as far as that can be told at once: plain files of this host that are missing or of
 * another size. About 3 µs a file.
 */
export function hasItsBytes({ outputs }: Pick<CachedStep, 'outputs'>, store: ArtifactStore): boolean {
  if (store.localPath === undefined) return true;
  for (const version of outputs)
    for (const { key, size } of version.manifest?.slice(0, MOST) ?? [version]) {
      const path = store.localPath(key);
      if (path !== undefined && sizeOf(path) !== size) return false;
    }
  return true;
}

function sizeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch {
    return undefined;
  }
}
