const MARK = Symbol.for('mortise.object-storage.failure');

/** A failed call. `message` says why, in words that follow a colon; it holds no credentials and nothing that a server wrote beyond a line. */
export class StorageFailure<Kind extends string> extends Error {
  readonly kind: Kind;
  /** An earlier try of the same call may have been carried out, though its answer did not arrive. */
  maybeDone = false;

  constructor(kind: Kind, message: string) {
    super(message);
    this.kind = kind;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** True for a failed call, of one of these kinds if any are given. */
export function isStorageFailure<Kind extends string>(error: unknown, ...kinds: Kind[]): error is StorageFailure<Kind> {
  if (typeof error !== 'object' || error === null || !(MARK in error)) return false;
  return kinds.length === 0 || kinds.includes((error as unknown as StorageFailure<Kind>).kind);
}
