import type { Json } from '../json.ts';

/** Where a materializer puts the bytes of one value: one unnamed file, or several named ones. */
export interface ArtifactWriter {
  /**
   * Stores one file. Without `path` the value is that single file; with it (relative, `/`-separated) the value is a folder.
   * `extension` (without the dot) names the kind of a single file for people who look into the store.
   * `size`: bytes, when known; some stores need it for what is very large. A body of another length fails.
   */
  write(
    body: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { path?: string; extension?: string; type?: string; size?: number },
  ): Promise<void>;
}

/** Where a materializer reads the bytes of one version from. sha256 and size are checked before the last byte is handed over. */
export interface ArtifactReader {
  /** Paths of the files; `['']` for a single unnamed file. */
  readonly paths: readonly string[];
  /** Size in bytes of a file (default: the single one). */
  size(path?: string): number;
  /** The whole file. Throws `ArtifactCorrupt`, `ArtifactNotFound`. */
  bytes(path?: string): Promise<Uint8Array>;
  stream(path?: string): AsyncIterable<Uint8Array>;
  /** A path on this host if the bytes lie in a plain file (unchecked), else undefined. */
  localPath(path?: string): string | undefined;
}

/** Turns values of one kind into stored bytes and back. `meta` is kept with the version and handed to `load`. */
export interface Materializer<T = unknown> {
  /** Unique; stored with each version. */
  name: string;
  /** Raise it when the stored form changes; part of the cache key. `load` gets the stored version to read older forms. */
  version: number;
  handles(value: unknown): value is T;
  save(value: T, out: ArtifactWriter): Promise<Json>;
  load(from: ArtifactReader, meta: Json, version: number): Promise<T>;
}
