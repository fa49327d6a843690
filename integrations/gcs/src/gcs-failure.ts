import { isStorageFailure, StorageFailure } from '@mortise/object-storage';

/** Why a request failed. */
export type FailureKind =
  // What callers act upon
  | 'not-found'
  | 'precondition'
  | 'bad-range'
  // What a person has to mend
  | 'no-bucket'
  | 'denied'
  | 'no-credentials'
  | 'bad-credentials'
  | 'expired'
  | 'not-gcs'
  | 'unresolved'
  | 'untrusted'
  // What may pass
  | 'unreachable'
  | 'cut'
  | 'timeout'
  | 'busy'
  // Anything else
  | 'refused';

const PASSING: ReadonlySet<FailureKind> = new Set(['unreachable', 'cut', 'timeout', 'busy']);

/** A failed request. */
export class GcsFailure extends StorageFailure<FailureKind> {
  override readonly name = 'GcsFailure';

  /** The same request may succeed a little later. */
  get passing(): boolean {
    return PASSING.has(this.kind);
  }
}

/** True for a `GcsFailure`, of one of these kinds if any are given. */
export const isGcsFailure = (error: unknown, ...kinds: FailureKind[]): error is GcsFailure => isStorageFailure(error, ...kinds);
