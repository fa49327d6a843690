/**
 * What the artifact stores on object storage share.
 * @module @mortise/object-storage
 */
export { artifactError, type Explanation } from './artifact-error.ts';
export { checkByWriting, type WritingCheck } from './check-by-writing.ts';
export { keyPrefixOf } from './key-prefix.ts';
export { pause } from './pause.ts';
export { readResumed, type OpenPart, type ReadRange } from './read-resumed.ts';
export { isServerUrl } from './server-url.ts';
export { Slots } from './slots.ts';
export { isStorageFailure, StorageFailure } from './storage-failure.ts';
