import { keyPrefixOf } from '../artifacts/artifact-key.ts';
import type { ArtifactStore, PutOptions } from '../artifacts/artifact-store.ts';
import type { AttemptStart, SavedFile } from '../tracking/run-tracking.ts';

/** Stores a file that a step logged beside the artifacts, under the step run's own folder: `<pipeline>/logged.<step run id>/<path>`. */
export function saveLogged(
  artifactStore: ArtifactStore,
  step: { pipeline: string; stepRunId: string },
  path: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
): Promise<SavedFile> {
  return saveAt(artifactStore, `${folderOf(step)}/${path}`, body, {});
}

/**
 * Stores what one attempt logs. A path that is logged again gets a key of its own, `<pipeline>/logged.<step run id>.<time>/<path>`: a tracker may read what was
 * logged first long after, and its event tells the sha256 of those bytes.
 * Saving ends with `signal`, and throws its reason.
 */
export function saverOfLogged(
  artifactStore: ArtifactStore,
  step: { pipeline: string; stepRunId: string },
  signal: AbortSignal,
): NonNullable<AttemptStart['saveFile']> {
  const times = new Map<string, number>();
  return (path, body, size) => {
    const time = (times.get(path) ?? 0) + 1;
    times.set(path, time);
    return saveAt(artifactStore, `${folderOf(step)}${time === 1 ? '' : `.${time}`}/${path}`, body, {
      signal,
      ...(size !== undefined && { size }),
    });
  };
}

function folderOf({ pipeline, stepRunId }: { pipeline: string; stepRunId: string }): string {
  return keyPrefixOf(`${pipeline}/logged`, stepRunId);
}

async function saveAt(
  artifactStore: ArtifactStore,
  key: string,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  options: PutOptions,
): Promise<SavedFile> {
  const { size, sha256 } = await artifactStore.put(key, body, options);
  return { key, uri: artifactStore.uri(key), size, sha256 };
}
