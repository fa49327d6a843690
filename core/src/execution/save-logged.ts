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
 * logged first long after, and its event tells the sha256 of those bytes. So does one that was a folder before, or lies in what was a file: no key is
 * another key's folder.
 * Saving ends with `signal`, and throws its reason.
 */
export function saverOfLogged(
  artifactStore: ArtifactStore,
  step: { pipeline: string; stepRunId: string },
  signal: AbortSignal,
): NonNullable<AttemptStart['saveFile']> {
  /** The last times at which a path was logged, and at which it was a folder of what was. */
  const files = new Map<string, number>();
  const folders = new Map<string, number>();
  return (path, body, size) => {
    const above = foldersAbove(path);
    const last = [folders.get(path), files.get(path), ...above.map((folder) => files.get(folder))];
    const time = 1 + Math.max(...last.map((each) => each ?? 0));
    files.set(path, time);
    for (const folder of above) folders.set(folder, Math.max(time, folders.get(folder) ?? 0));
    return saveAt(artifactStore, `${folderOf(step)}${time === 1 ? '' : `.${time}`}/${path}`, body, {
      signal,
      ...(size !== undefined && { size }),
    });
  };
}

/** Of `a/b/c`: `a` and `a/b`. */
function foldersAbove(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
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
