import { isStorageFailure, StorageFailure } from '@mortise/object-storage';

/** Why a call to a container failed. */
export type FailureKind =
  // What callers act upon
  | 'not-found'
  | 'exists'
  | 'leased'
  | 'bad-range'
  | 'lost-blocks'
  | 'unseen'
  // What a person has to mend
  | 'no-container'
  | 'denied'
  | 'credentials'
  | 'expired'
  | 'clock'
  | 'not-azure'
  | 'unresolved'
  | 'untrusted'
  // What may pass
  | 'unreachable'
  | 'cut'
  | 'timeout'
  | 'busy'
  // Anything else
  | 'refused';

/** A failed call to a container. */
export class BlobFailure extends StorageFailure<FailureKind> {
  override readonly name = 'BlobFailure';
}

/** True for a `BlobFailure`, of one of these kinds if any are given. */
export const isBlobFailure = (error: unknown, ...kinds: FailureKind[]): error is BlobFailure => isStorageFailure(error, ...kinds);
