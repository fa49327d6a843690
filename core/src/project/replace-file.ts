import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FolderNotWritable } from '../errors.ts';
import { fileErrorReason } from './file-error.ts';

/**
 * Writes a file, in place of what may be there. All or nothing: a reader sees the old file or the new one.
 * @throws FolderNotWritable
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary);
    throw new FolderNotWritable({ folder: dirname(path), reason: fileErrorReason(error) }, { cause: error });
  }
}
