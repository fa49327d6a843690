import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';

import { open, type Entry, type ZipFile } from 'yauzl';

/** A ZIP archive, read file by file. */
export class ZipReader implements AsyncDisposable {
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  static async open(path: string): Promise<ZipReader> {
    const zip = await new Promise<ZipFile>((resolve, reject) => {
      open(path, { lazyEntries: true, autoClose: false }, (error: Error | null, opened?: ZipFile) =>
        opened === undefined ? reject(refusal(error)) : resolve(opened),
      );
    });
    try {
      return new ZipReader(zip, await entriesOf(zip));
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  names(): ReadonlySet<string> {
    return new Set(this.#entries.keys());
  }

  /** Differs where the bytes of a file differ. */
  checksum(name: string): string {
    const { crc32, uncompressedSize } = this.#entries.get(name) ?? {};
    return `${crc32} ${uncompressedSize}`;
  }

  /** Of a file when it is unpacked, bytes: its stream fails if it has others. 0 if there is none. */
  size(name: string): number {
    return this.#entries.get(name)?.uncompressedSize ?? 0;
  }

  /** The bytes of a file. Throws if there is no such file, and in the end if they are others than when it was written. */
  async *stream(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`it has no ${name}`);
    let checksum = 0;
    for await (const chunk of (await this.#opened(entry)) as AsyncIterable<Uint8Array>) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
    if (checksum !== entry.crc32) throw new Error(`its ${name} is damaged: it has other bytes than when it was written`);
  }

  #opened(entry: Entry): Promise<Readable> {
    return new Promise((resolve, reject) => {
      this.#zip.openReadStream(entry, (error, stream) =>
        stream === undefined ? reject(error ?? new Error(`no ${entry.fileName}`)) : resolve(stream),
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#zip.close();
  }
}

/** A ZIP file is told by its end. */
function refusal(error: Error | null): Error {
  const isCut = error === null || /central directory/i.test(error.message);
  return isCut ? new Error('it is no ZIP file, or its end is missing', { cause: error }) : error;
}

function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    zip.on('error', reject).on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}
