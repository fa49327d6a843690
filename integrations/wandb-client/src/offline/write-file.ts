import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import type { FileSource } from '../run-records.ts';
import { makeFolder } from './make-folder.ts';

export interface WrittenFile {
  /** Absolute if `folder` was. */
  path: string;
  size: number;
  /** Base64. */
  md5: string;
}

/**
 * Writes a file below `folder`, whole or not at all, and brings it to the disk. `path` is relative, with `/`.
 * Throws a RangeError if it leads elsewhere, and errors of the file system and of the source.
 */
export async function writeFileBelow(folder: string, path: string, source: FileSource, signal?: AbortSignal): Promise<WrittenFile> {
  const target = join(folder, path);
  const below = relative(folder, target);
  if (path === '' || path.includes('\0') || isAbsolute(path) || below === '' || below === '..' || below.startsWith(`..${sep}`)) {
    throw new RangeError(`"${path}" is no relative path of a file`);
  }
  makeFolder(dirname(target));
  const written = `${target}.${randomBytes(6).toString('hex')}.part`;
  const hash = createHash('md5');
  let size = 0;
  try {
    const file = await open(written, 'wx');
    try {
      for await (const bytes of source.read(signal)) {
        signal?.throwIfAborted();
        hash.update(bytes);
        size += bytes.length;
        for (let from = 0; from < bytes.length;) from += (await file.write(bytes, from)).bytesWritten;
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(written, target);
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
  return { path: target, size, md5: hash.digest('base64') };
}
