import { ArtifactExists, ArtifactNotFound, ArtifactStoreFailed, BadArtifactKey } from '@mortise/core';

import type { StorageFailure } from './storage-failure.ts';

/** What was done when it failed. */
export interface Explanation {
  /** Name of the component. */
  store: string;
  /** In words that follow `failed`: `to write a/b`. */
  doing: string;
  key?: string;
  /** URI of the object. */
  where?: string | undefined;
}

/** The error of Mortise for a call that failed. `advice`: what to do about what does not pass by itself. */
export function artifactError({ store, doing, key, where }: Explanation, failure: StorageFailure<string>, advice?: string): Error {
  const cause = failure;
  if (key !== undefined) {
    if (failure.kind === 'not-found') return new ArtifactNotFound({ what: key, ...(where !== undefined && { where }) }, { cause });
    // Google's storage is written to on the condition that there is none.
    if (failure.kind === 'exists' || failure.kind === 'precondition') return new ArtifactExists({ key }, { cause });
    if (failure.kind === 'folder')
      return new BadArtifactKey({ key, reason: 'it is the folder of another key, or has another key as its folder' }, { cause });
  }
  return new ArtifactStoreFailed({ store, doing, reason: failure.message, ...(advice !== undefined && { advice }) }, { cause });
}
