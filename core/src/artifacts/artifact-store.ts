/** What core needs to know to use a store; the conformance suite checks each claim. */
export interface ArtifactStoreCapabilities {
  /** `atomic`: of several writers with `createOnly` exactly one wins. */
  createOnly: 'atomic' | 'none';
  /** `get` reads ranges without reading the rest. */
  range: boolean;
  /** From where the bytes can be reached. */
  reach: 'host' | 'network';
  presign: boolean;
}

export interface PutOptions {
  /** Throw `ArtifactExists` when the key is taken. */
  createOnly?: boolean;
  /** Bytes, when known. */
  size?: number;
  /** Media type. */
  type?: string;
  signal?: AbortSignal;
}

export interface StoredObject {
  key: string;
  size: number;
  /** ms since the epoch, UTC; undefined where only `stat` tells. */
  modifiedAt?: number;
}

/**
 * Keeps the bytes of artifact versions. Keys are relative, `/`-separated, without `..`, `.`, or empty segments, and no key is another key's folder.
 * A `put` is all or nothing: a reader never sees part of an object. Failures are `ArtifactNotFound`, `ArtifactExists`, or `ArtifactStoreFailed`.
 */
export interface ArtifactStore {
  readonly capabilities: ArtifactStoreCapabilities;
  /** Stable identity of the place (a folder's marker, bucket + prefix); part of the cache key. */
  readonly id: string;
  /** Streams, and hashes on the way. A body given whole may be written faster than a stream. */
  put(key: string, body: AsyncIterable<Uint8Array> | Uint8Array, options?: PutOptions): Promise<{ size: number; sha256: string }>;
  /** `from` inclusive, `to` exclusive, bytes. Throws `ArtifactNotFound`. */
  get(key: string, options?: { from?: number; to?: number; signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** `modifiedAt` must not be earlier than it was: what looks old may be deleted. */
  stat(key: string): Promise<{ size: number; modifiedAt: number } | undefined>;
  /** Keys that begin with `prefix`, in binary order, after `after`, at most `limit` (default 1000). */
  list(prefix: string, options?: { after?: string; limit?: number }): Promise<{ items: StoredObject[]; next?: string }>;
  /** Missing keys are fine. */
  delete(keys: readonly string[]): Promise<void>;
  uri(key: string): string;
  /** A path on this host, if the bytes lie in a plain file. */
  localPath?(key: string): string | undefined;
  presign?(key: string, seconds: number): Promise<string>;
  /** Reachable and authorised? Throws if not. */
  check?(signal: AbortSignal): Promise<void>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
