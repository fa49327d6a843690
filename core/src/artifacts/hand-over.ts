import type { VersionRecord } from '../store/metadata-store.ts';
import type { ArtifactStore } from './artifact-store.ts';
import { fingerprint } from './fingerprint.ts';
import { loadValue, readValue } from './load-value.ts';
import type { ArtifactReader } from './materializer.ts';
import { MAX_ENCODED_BYTES } from './save-value.ts';

/** What is kept of a version: a value that cannot change, the bytes of a small one, or a large one itself. */
type Kept = { size: number } & (
  { constant: unknown } | { encoded: Uint8Array } | { value: object | undefined; checked?: Promise<unknown> }
);

/**
 * Keeps values in memory between the steps of one run, so that the next step need not read what the last one wrote.
 * Every consumer gets a value that equals the stored bytes. Small values are decoded anew each time: no two steps share an object they might change.
 * Large ones are handed over as they are, after a look at their hash; one that was changed meanwhile is loaded from the store.
 */
export class HandOver {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** Keeps at most `maxBytes` of stored size (but always the latest value); the oldest are let go first, and loaded when they are asked for. */
  constructor(maxBytes = 512 << 20) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps what was stored as `version`. `encoded` is what `saveValue` gave back. */
  keep(version: Pick<VersionRecord, 'id' | 'size'>, value: unknown, encoded: Uint8Array | undefined): void {
    this.drop(version.id);
    const { id, size } = version;
    if (!isObject(value)) this.#set(id, { size, constant: value });
    else if (encoded !== undefined) this.#set(id, { size, encoded });
    else if (size > MAX_ENCODED_BYTES) this.#set(id, { size, value });
  }

  /** The value of a version, from memory or from the store. Throws as `loadValue` does. */
  async take(version: VersionRecord, store: ArtifactStore): Promise<unknown> {
    const kept = this.#kept.get(version.id);
    if (kept === undefined) return loadValue(version, store);
    if ('constant' in kept) return kept.constant;
    if ('encoded' in kept) return readValue(version, memoryReader(kept.encoded));
    // Consumers that ask at the same time share one look at the hash, and one fresh copy.
    kept.checked ??= this.#unchanged(kept, version, store).finally(() => delete kept.checked);
    return kept.checked;
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

  async #unchanged(kept: { value: object | undefined }, version: VersionRecord, store: ArtifactStore): Promise<unknown> {
    if (await hashesTo(kept.value, version.sha256)) return kept.value;
    // Let go before loading: two copies of a large array are never held.
    this.drop(version.id);
    kept.value = undefined;
    const fresh = await loadValue(version, store);
    this.keep(version, fresh, undefined);
    return fresh;
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** A value that can no longer be written (its file is gone, its memory was transferred) is a changed one. */
async function hashesTo(value: unknown, sha256: string): Promise<boolean> {
  try {
    return (await fingerprint(value)) === sha256;
  } catch {
    return false;
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
