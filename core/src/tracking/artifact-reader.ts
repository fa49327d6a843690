import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ArtifactNotFound } from '../errors.ts';
import type { ReadArtifact } from './experiment-tracker.ts';

/** Reads files that a run logged from the store of its stack, which is asked for when the first of them is. */
export function artifactReader(store: () => Promise<ArtifactStore>): ReadArtifact {
  return async function* ({ key, uri }, signal) {
    if (key === undefined) throw new ArtifactNotFound({ what: uri, where: 'its key was not recorded' });
    yield* (await store()).get(key, signal && { signal });
  };
}
