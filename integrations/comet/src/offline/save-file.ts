import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { makeFolder } from '@mortise/core';

/** What the name of a file ends with that is not whole. */
export const PART = '.part';

/** Puts bytes into a file: whole, and on disk, or not at all. */
export async function saveFile(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  makeFolder(dirname(path));
  const beside = `${path}${PART}`;
  const source = ArrayBuffer.isView(bytes) ? Readable.from([bytes], { objectMode: false }) : Readable.from(bytes, { objectMode: false });
  await pipeline(source, createWriteStream(beside, { flush: true }), { signal });
  await rename(beside, path);
}
