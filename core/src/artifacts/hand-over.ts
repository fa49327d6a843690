import type { VersionRecord } from '../store/version-data.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { type Content, hasSameContent } from './content-of.ts';
import { isFileArtifact } from './file-artifact.ts';
import { fingerprint } from './fingerprint.ts';
import { isFolderArtifact } from './folder-artifact.ts';
import { loadValue, readValue } from './load-value.ts';
import type { ArtifactReader } from './materializer.ts';
import { MAX_ENCODED_BYTES } from './save-value.ts';
import { isStreamArtifact } from './stream-artifact.ts';

/** What is kept of a version: a value that cannot change, the bytes of a small one, or a large one itself. */
type Kept = { size: number } & ({ constant: unknown } | { encoded: Uint8Array } | { value: object });

/**
 * Keeps values in memory between the steps of one run, so that the next step need not read what the last one wrote.
 * Every consumer gets a value that equals the stored bytes and that no other one has: small values are decoded anew each time, a large one is handed
 * to the first that asks, after a look at its hash, and the others load it from the store, as they do when it was changed meanwhile.
 */
export class HandOver {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** Keeps at most `maxBytes` of stored size (but always the latest value); the oldest are let go first, and loaded when they are asked for. */
  constructor(maxBytes = 512 << 20) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps what was stored as `version`. `encoded` is what `saveValue` gave back. True if it is the value itself, which its first consumer will get. */
  keep(version: Pick<VersionRecord, 'id' | 'size'>, value: unknown, encoded: Uint8Array | undefined): boolean {
    this.drop(version.id);
    const { id, size } = version;
    if (!isObject(value)) this.#set(id, { size, constant: value });
    else if (encoded !== undefined) this.#set(id, { size, encoded });
    else if (size > MAX_ENCODED_BYTES && !isReadFromStore(value)) {
      this.#set(id, { size, value });
      return true;
    }
    return false;
  }

  /** Keeps what a step made. Outputs may hold parts of one another: of the large ones only one is kept, and the others are loaded. */
  keepOutputs(outputs: readonly { version: Pick<VersionRecord, 'id' | 'size'>; value: unknown; encoded: Uint8Array | undefined }[]): void {
    let isOneKept = false;
    for (const { version, value, encoded } of outputs) {
      const isItself = this.keep(version, value, encoded);
      if (isItself && isOneKept) this.drop(version.id);
      isOneKept ||= isItself;
    }
  }

  /** The value of a version, from memory or from the store. Throws as `loadValue` does. */
  async take(version: VersionRecord, store: ArtifactStore, options: { signal?: AbortSignal } = {}): Promise<unknown> {
    const kept = this.#kept.get(version.id);
    if (kept === undefined) return loadValue(version, store, options);
    if ('constant' in kept) return kept.constant;
    if ('encoded' in kept) return readValue(version, memoryReader(kept.encoded));
    this.drop(version.id);
    return (await unchanged(kept, version)) ?? loadValue(version, store, options);
  }

  /** As `take`, but made anew in any case: parts of the value that was stored may hold one another, and those of what is read do not. */
  async takeAnew(version: VersionRecord, store: ArtifactStore): Promise<unknown> {
    const kept = this.#kept.get(version.id);
    if (kept !== undefined && 'value' in kept) this.drop(version.id);
    return this.take(version, store);
  }

  /** Forgets a version that nobody will take any more. */
  drop(versionId: string): void {
    const kept = this.#kept.get(versionId);
    if (kept === undefined) return;
    this.#kept.delete(versionId);
    this.#bytes -= kept.size;
  }

  #set(id: string, kept: Kept): void {
    this.#kept.set(id, kept);
    this.#bytes += kept.size;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === id) break;
      this.drop(oldest);
    }
  }
}

/**
 * A stream was read when it was stored: the next step reads it from there. A file or a folder is where its maker wrote it, and may be written to again, while
 * the next step reads it or by that step itself.
 */
export function isReadFromStore(value: unknown): boolean {
  return isStreamArtifact(value) || isFileArtifact(value) || isFolderArtifact(value);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The value, if it would still be stored the same; one that can no longer be written (its memory was transferred) has changed. */
async function unchanged({ value }: { value: object }, stored: Content): Promise<object | undefined> {
  try {
    return hasSameContent(await fingerprint(value), stored) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a single file from memory; each reader's bytes are a copy, for they may become the memory of the consumer's value. */
function memoryReader(encoded: Uint8Array): ArtifactReader {
  return {
    paths: [''],
    size: () => encoded.byteLength,
    bytes: async () => new Uint8Array(encoded),
    async *stream() {
      yield new Uint8Array(encoded);
    },
    localPath: () => undefined,
  };
}
