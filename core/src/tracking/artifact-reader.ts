import { createHash } from 'node:crypto';

import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ArtifactNotFound } from '../errors.ts';
import type { LoggedFile, ReadArtifact } from './experiment-tracker.ts';

/** Reads files that a run logged from the store of its stack, which is asked for when the first of them is. */
export function artifactReader(store: () => Promise<ArtifactStore>): ReadArtifact {
  return async function* (file, signal) {
    const { key, uri } = file;
    if (key === undefined) throw new ArtifactNotFound({ what: uri, where: 'its key was not recorded' });
    yield* checked((await store()).get(key, signal && { signal }), file);
  };
}

/**
 * The bytes, if they are those that were logged: the tracker tells their sha256. Each chunk is held back until the next one is there, so that nobody has a
 * whole file that is damaged. To trackers it is one that is not there, which they set aside: it would not be another at the next try.
 */
async function* checked(bytes: AsyncIterable<Uint8Array>, { uri, sha256, size }: LoggedFile): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let read = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of bytes) {
    read += chunk.byteLength;
    if (size !== undefined && read > size) throw damaged(uri, `more than the ${size} bytes that were logged`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (size !== undefined && read !== size) throw damaged(uri, `${read} of the ${size} bytes that were logged`);
  if (sha256 !== undefined && hash.digest('hex') !== sha256) throw damaged(uri, 'other bytes than were logged');
  if (held !== undefined) yield held;
}

function damaged(uri: string, found: string): Error {
  return new ArtifactNotFound({ what: `an undamaged ${uri}`, where: `what lies there has ${found}` });
}
