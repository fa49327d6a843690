import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import type { FileSource } from '../run-records.ts';
import { WandbError } from '../wandb-error.ts';
import { isCode } from './error-code.ts';
import { makeFolder } from './make-folder.ts';

export interface WrittenFile {
  /** Absolute if `folder` was. */
  path: string;
  size: number;
  /** Base64. */
  md5: string;
}

const PART = /^[0-9a-f]{12}\.part$/;

/** Is it the name of a file that is not whole yet? */
export function isPart(name: string): boolean {
  return PART.test(name);
}

/**
 * Writes a file below `folder`, whole or not at all, and brings it to the disk. `path` is relative, with `/`.
 * Throws a RangeError if it leads elsewhere, a WandbError of the kind `invalid` where no file of this path can be, and errors of the file system and
 * of the source.
 */
export async function writeFileBelow(folder: string, path: string, source: FileSource, signal?: AbortSignal): Promise<WrittenFile> {
  const target = join(folder, path);
  const below = relative(folder, target);
  if (path === '' || path.includes('\0') || isAbsolute(path) || below === '' || below === '..' || below.startsWith(`..${sep}`)) {
    throw new RangeError(`"${path}" is no relative path of a file`);
  }
  await placed(() => makeFolder(dirname(target)));
  // Not longer than the name that it gets.
  const written = join(dirname(target), `${randomBytes(6).toString('hex')}.part`);
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
    await placed(() => rename(written, target));
  } catch (error) {
    await rm(written, { force: true });
    throw error;
  }
  return { path: target, size, md5: hash.digest('base64') };
}

/** A path that is taken, or too long, stays so: to try again is no use. */
async function placed(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { code } = error as { code?: unknown };
    const why = isCode(error, 'ENAMETOOLONG')
      ? 'its name is too long for a file'
      : 'the run has a file where it needs a folder, or the other way round';
    if (!isCode(error, 'ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY')) throw error;
    throw new WandbError('invalid', `${why} (${String(code)})`, { cause: error });
  }
}
