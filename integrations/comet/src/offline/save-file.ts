import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { makeFolder } from '@mortise/core';

/** What the name of a file ends with that is not whole. */
export const PART = '.part';

/** Puts bytes into a file: whole, and on disk, or not at all. */
export async function saveFile(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  makeFolder(dirname(path));
  const source = ArrayBuffer.isView(bytes) ? Readable.from([bytes], { objectMode: false }) : Readable.from(bytes, { objectMode: false });
  await saveStream(path, source, signal);
}

/** The same, of a stream, in a folder that is there. Each call writes beside the file, under a name of its own: another process may be at the same one. */
export async function saveStream(path: string, source: Readable, signal: AbortSignal): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}${PART}`;
  try {
    await pipeline(source, createWriteStream(beside, { flush: true }), { signal });
    await rename(beside, path);
  } catch (error) {
    // The disk may be what is full.
    await rm(beside, { force: true });
    throw error;
  }
}

/** Takes away what processes have left of a file that were killed. One that is at it still begins anew. */
export async function removeParts(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  const parts = (await readdir(folder)).filter((each) => each.startsWith(`${name}.`) && each.endsWith(PART));
  for (const part of parts) await rm(join(folder, part), { force: true });
}
