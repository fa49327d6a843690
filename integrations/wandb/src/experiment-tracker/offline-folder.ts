import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeFolder, Permanent, type TrackerRunRef } from '@mortise/core';

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

/** The log of a run as it was told last; undefined for one that was not offline. */
export function knownLog(known: TrackerRunRef | undefined): string | undefined {
  return known?.url?.startsWith('file:') === true ? fileURLToPath(known.url) : undefined;
}

/** A run goes on below the folder where it is, whatever the config says now, unless it is there no more. */
export function offlineDir(configured: string, log: string | undefined): string {
  // dir/wandb/offline-run-.../run-ID.wandb
  return log !== undefined && existsSync(log) ? dirname(dirname(dirname(log))) : configured;
}
