import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

import { makeFolder, Permanent } from '@mortise/core';

/** What says that there can be none here, as /proc does of every folder. A disk that is full says something else. */
const FOR_GOOD = ['EACCES', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'];

/**
 * Makes the folder `wandb` of `dir`, into which offline runs go.
 * @throws Permanent where that cannot be, or nothing can be written to it; and errors of the file system that may pass
 */
export function makeOfflineFolder(dir: string): void {
  const folder = join(dir, 'wandb');
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !FOR_GOOD.includes(code)) throw error;
    throw new Permanent(`offline runs cannot be written below ${folder} (${code}): check dir, or WANDB_DIR`, { cause: error });
  }
}
