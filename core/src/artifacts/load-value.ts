import { createHash } from 'node:crypto';

import { ArtifactCorrupt, ArtifactNotFound, isError } from '../errors.ts';
import type { VersionRecord } from '../store/version-data.ts';
import type { ArtifactStore } from './artifact-store.ts';
import type { ArtifactReader } from './materializer.ts';
import { materializerNamed } from './materializers.ts';
import { manifestHash } from './write-value.ts';

/** What is needed of a version to load it. */
export type LoadableVersion = Pick<
  VersionRecord,
  'artifact' | 'version' | 'key' | 'manifest' | 'size' | 'sha256' | 'materializer' | 'materializerVersion' | 'meta'
>;

/**
 * Loads the value of a version. Size and sha256 are checked on the way: a damaged value is never handed out.
 * Throws `ArtifactCorrupt`, `ArtifactNotFound`, `UnknownMaterializer`, `ArtifactStoreFailed`, or the signal's reason.
 */
export async function loadValue(version: LoadableVersion, store: ArtifactStore, options: { signal?: AbortSignal } = {}): Promise<unknown> {
  return readValue(version, new VersionReader(version, store, options.signal));
}

/** The value of a version, its bytes coming from `reader`. Throws `UnknownMaterializer` and what the reader throws. */
export async function readValue(version: LoadableVersion, reader: ArtifactReader): Promise<unknown> {
  const materializer = materializerNamed(version.materializer, version.materializerVersion);
  return materializer.load(reader, version.meta, version.materializerVersion);
}

interface FileOfVersion {
  key: string;
  size: number;
  sha256: string;
}

class VersionReader implements ArtifactReader {
  readonly #what: string;
  readonly #store: ArtifactStore;
  readonly #signal: AbortSignal | undefined;
  readonly #files: ReadonlyMap<string, FileOfVersion>;

  constructor(version: LoadableVersion, store: ArtifactStore, signal: AbortSignal | undefined) {
    this.#what = `version ${version.version} of artifact "${version.artifact}"`;
    this.#store = store;
    this.#signal = signal;
    const { manifest } = version;
    this.#files = new Map<string, FileOfVersion>(manifest?.map((file) => [file.path, file]) ?? [['', version]]);
    if (manifest === undefined) return;
    const found = manifestHash(manifest);
    if (found !== version.sha256) throw this.#corrupt('the list of files', `sha256 ${version.sha256}`, `sha256 ${found}`);
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  size(path = ''): number {
    return this.#file(path).size;
  }

  async bytes(path = ''): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.size(path));
    let at = 0;
    for await (const chunk of this.stream(path)) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return bytes;
  }

  /** Each chunk is held back until the next one is there, so that the last is handed out only after the check. */
  async *stream(path = ''): AsyncGenerator<Uint8Array, void, undefined> {
    const file = this.#file(path);
    const hash = createHash('sha256');
    let size = 0;
    let held: Uint8Array | undefined;
    for await (const chunk of this.#chunks(file)) {
      size += chunk.byteLength;
      if (size > file.size) throw this.#corrupt(path, `${file.size} bytes`, 'more');
      hash.update(chunk);
      if (held !== undefined) yield held;
      held = chunk;
    }
    if (size !== file.size) throw this.#corrupt(path, `${file.size} bytes`, `${size} bytes`);
    const found = hash.digest('hex');
    if (found !== file.sha256) throw this.#corrupt(path, `sha256 ${file.sha256}`, `sha256 ${found}`);
    if (held !== undefined) yield held;
  }

  localPath(path = ''): string | undefined {
    return this.#store.localPath?.(this.#file(path).key);
  }

  async *#chunks({ key }: FileOfVersion): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#store.get(key, this.#signal === undefined ? {} : { signal: this.#signal });
    } catch (cause) {
      if (!isError(cause, ArtifactNotFound)) throw cause;
      throw new ArtifactNotFound({ what: this.#what, where: this.#store.uri(key) }, { cause });
    }
  }

  #file(path: string): FileOfVersion {
    const file = this.#files.get(path);
    if (file === undefined) throw new ArtifactNotFound({ what: `the file "${path}" of ${this.#what}` });
    return file;
  }

  #corrupt(path: string, expected: string, found: string): Error {
    return new ArtifactCorrupt({ what: path === '' ? this.#what : `${path} of ${this.#what}`, expected, found });
  }
}
