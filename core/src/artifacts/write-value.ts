import { hash } from 'node:crypto';
import * as types from 'node:util/types';

import { BadMaterializer, isMortiseError } from '../errors.ts';
import type { Json } from '../json.ts';
import { checkKey, compareKeys } from './artifact-key.ts';
import type { ArtifactWriter } from './materializer.ts';
import { materializerFor } from './materializers.ts';
import { metaJson } from './meta-json.ts';
import { isAsyncIterable } from './stream-artifact.ts';
import { describeValue } from './value-kind.ts';

export type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** A file of a value. `name` is the rest of its key: `.json` for a single file, `/a/b.bin` for one of a folder. */
export interface FileToWrite {
  name: string;
  type: string | undefined;
  /** Bytes, when known. */
  size: number | undefined;
}

/** Takes the bytes of one file to where they belong. */
export type FileSink = (body: Body, file: FileToWrite) => Promise<{ size: number; sha256: string }>;

/** A file that was written; `path` is relative to the folder, and undefined for a single file. */
export interface WrittenFile {
  path: string | undefined;
  name: string;
  size: number;
  sha256: string;
}

export interface WrittenValue {
  /** The single file, or those of a folder in binary order of their paths. */
  files: WrittenFile[];
  size: number;
  /** Of a single file's bytes, or of a folder's manifest. */
  sha256: string;
  materializer: string;
  materializerVersion: number;
  meta: Json;
}

/** Lets a value's materializer write it, and sums up what was written. Throws `NotSerializable`, `BadMaterializer`, and what the sink throws. */
export async function writeValue(value: unknown, sink: FileSink): Promise<WrittenValue> {
  const materializer = materializerFor(value);
  const writer = new ValueWriter(materializer.name, sink);
  const given = await materializer.save(value, writer);
  const files = await writer.finish();
  return {
    files,
    size: files.reduce((sum, file) => sum + file.size, 0),
    sha256: files[0]!.path === undefined ? files[0]!.sha256 : manifestHash(files as ManifestEntry[]),
    materializer: materializer.name,
    materializerVersion: materializer.version,
    meta: metaJson(given, materializer.name),
  };
}

interface ManifestEntry {
  path: string;
  size: number;
  sha256: string;
}

/** sha256 of a folder: of `[[path, size, sha256], ...]` as JSON, in binary order of the paths. Where the files lie is no part of it. */
export function manifestHash(files: readonly ManifestEntry[]): string {
  return hash('sha256', JSON.stringify(files.map(({ path, size, sha256 }) => [path, size, sha256])));
}

/** Code without types gives other views too, and means their memory: as numbers they would be cut down to bytes. */
function bytesOf(body: Body): Body {
  if (!ArrayBuffer.isView(body) || types.isUint8Array(body)) return body;
  const { buffer, byteOffset, byteLength } = body as ArrayBufferView;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

class ValueWriter implements ArtifactWriter {
  readonly #materializer: string;
  readonly #sink: FileSink;
  readonly #paths = new Set<string | undefined>();
  /** Of all files, each with one file that lies in it. */
  readonly #folders = new Map<string, string>();
  readonly #writes: Promise<WrittenFile>[] = [];
  #isEnded = false;
  /** Of a file that came too late. */
  #late: Error | undefined;

  constructor(materializer: string, sink: FileSink) {
    this.#materializer = materializer;
    this.#sink = sink;
  }

  write(body: Body, options: Parameters<ArtifactWriter['write']>[1] = {}): Promise<void> {
    const { path, extension = 'bin', type, size: told } = options;
    if (this.#isEnded) {
      const file = path === undefined ? 'its file' : `"${path}"`;
      this.#late = this.#bad(`wrote ${file} when save() had ended, which did not wait for it`);
      throw this.#late;
    }
    if (!ArrayBuffer.isView(body) && !isAsyncIterable(body)) {
      const given: unknown = body;
      const wrote = typeof given === 'object' ? describeValue(given) : `a ${typeof given}`;
      throw this.#bad(`wrote ${wrote} instead of bytes (a Uint8Array, or a stream of them)`);
    }
    this.#take(path);
    if (path === undefined && !/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(extension)) throw this.#bad(`gave the file extension "${extension}"`);
    const name = path === undefined ? `.${extension}` : `/${path}`;
    const writing = this.#sink(bytesOf(body), { name, type, size: told }).then(({ size, sha256 }) => ({ path, name, size, sha256 }));
    this.#writes.push(writing);
    const written = writing.then(() => undefined);
    // A materializer may leave the waiting to `finish`, which throws it then.
    written.catch(() => undefined);
    return written;
  }

  /** The files in binary order of their paths, once all are written. */
  async finish(): Promise<WrittenFile[]> {
    this.#isEnded = true;
    if (this.#writes.length === 0) throw this.#bad('wrote nothing');
    const files = await Promise.all(this.#writes);
    if (this.#late !== undefined) throw this.#late;
    return files.sort((a, b) => compareKeys(a.name, b.name));
  }

  /** A value is one unnamed file or several named ones, and no file of a folder is another's folder. */
  #take(path: string | undefined): void {
    if (path !== undefined) this.#checkPath(path);
    if (this.#paths.has(path)) throw this.#bad(path === undefined ? 'wrote its single file twice' : `wrote "${path}" twice`);
    this.#paths.add(path);
    if (this.#paths.has(undefined) && this.#paths.size > 1) throw this.#bad('wrote both an unnamed file and named ones');
    if (path === undefined) return;
    const inside = this.#folders.get(path);
    if (inside !== undefined) throw this.#bad(`wrote "${path}" and "${inside}", whose folder it is`);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const above = path.slice(0, end);
      if (this.#paths.has(above)) throw this.#bad(`wrote "${above}" and "${path}", whose folder it is`);
      this.#folders.set(above, path);
    }
  }

  #checkPath(path: string): void {
    try {
      checkKey(path);
    } catch (cause) {
      if (!isMortiseError(cause)) throw cause;
      throw this.#bad(`wrote a file to a bad path: ${cause.message}`, cause);
    }
  }

  #bad(reason: string, cause?: unknown): Error {
    return new BadMaterializer({ materializer: this.#materializer, reason }, { cause });
  }
}
