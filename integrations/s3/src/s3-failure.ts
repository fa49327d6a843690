import { isStorageFailure, StorageFailure } from '@mortise/object-storage';

/** Why a call to a bucket failed. */
export type FailureKind =
  // What callers act upon
  | 'not-found'
  | 'exists'
  | 'conflict'
  | 'changed'
  | 'bad-range'
  | 'no-upload'
  | 'folder'
  // What a person has to mend
  | 'no-bucket'
  | 'denied'
  | 'unknown-key'
  | 'wrong-secret'
  | 'expired'
  | 'no-credentials'
  | 'wrong-region'
  | 'no-region'
  | 'clock'
  | 'not-s3'
  | 'redirected'
  | 'unresolved'
  | 'untrusted'
  // What may pass
  | 'unreachable'
  | 'cut'
  | 'timeout'
  | 'busy'
  | 'damaged'
  // Anything else
  | 'refused';

const PASSING: ReadonlySet<FailureKind> = new Set(['unreachable', 'cut', 'timeout', 'busy', 'damaged', 'conflict']);

/** A failed call to a bucket. */
export class S3Failure extends StorageFailure<FailureKind> {
  override readonly name = 'S3Failure';
  /** What the server said to name instead: the region (`wrong-region`), the URL (`redirected`). */
  readonly instead: string | undefined;

  constructor(kind: FailureKind, message: string, instead?: string) {
    super(kind, message);
    this.instead = instead;
  }

  /** The same call may succeed a little later. */
  get passing(): boolean {
    return PASSING.has(this.kind);
  }
}

/** True for an `S3Failure`, of one of these kinds if any are given. */
export const isS3Failure = (error: unknown, ...kinds: FailureKind[]): error is S3Failure => isStorageFailure(error, ...kinds);
