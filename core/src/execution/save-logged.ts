import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { SavedFile } from '../tracking/run-tracking.ts';

/** Stores a file that a step logged beside the artifacts, under the step run's own folder: `<pipeline>/logged.<step run id>/<path>`. */
export async function saveLogged(
  artifactStore: ArtifactStore,
  step: { pipeline: string; stepRunId: string },
  path: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<SavedFile> {
  const key = `${keyPrefixOf(`${step.pipeline}/logged`, step.stepRunId)}/${path}`;
  const { size, sha256 } = await artifactStore.put(key, body);
  return { key, uri: artifactStore.uri(key), size, sha256 };
}
