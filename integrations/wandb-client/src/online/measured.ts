import { createHash } from 'node:crypto';

import type { FileSource } from '../run-records.ts';

/** A file's size in bytes and the base64 of its MD5, by which the vendor knows it. */
export interface Measured {
  size: number;
  md5: string;
}

/** Reads a file once. */
export async function measured(source: FileSource, signal?: AbortSignal): Promise<Measured> {
  const hash = createHash('md5');
  let size = 0;
  for await (const chunk of source.read(signal)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, md5: hash.digest('base64') };
}
