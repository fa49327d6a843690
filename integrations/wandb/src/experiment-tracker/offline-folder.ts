import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

import { makeFolder, Permanent } from '@mortise/core';

/**
 * Makes the folder `wandb` of `dir`, into which offline runs go.
 * @throws Permanent where that cannot be, or nothing can be written to it
 */
export function makeOfflineFolder(dir: string): void {
  const folder = join(dir, 'wandb');
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Permanent(`offline runs cannot be written below ${folder} (${code}): check dir, or WANDB_DIR`, { cause: error });
  }
}
