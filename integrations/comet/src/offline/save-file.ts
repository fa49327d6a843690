import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { makeFolder } from '@mortise/core';

/** Puts bytes into a file: whole, and on disk, or not at all. */
export async function saveFile(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  makeFolder(dirname(path));
  const beside = `${path}.part`;
  const source = ArrayBuffer.isView(bytes) ? Readable.from([bytes], { objectMode: false }) : Readable.from(bytes, { objectMode: false });
  await pipeline(source, createWriteStream(beside, { flush: true }), { signal });
  await rename(beside, path);
}
