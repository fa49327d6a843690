import { makeFolder, Permanent } from '@mortise/core';

/** What says that there can be none here, as /proc does of every folder. */
const FOR_GOOD = ['EACCES', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'];

/** Makes a folder for files of runs. @throws Permanent where that does not pass by itself */
export function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !FOR_GOOD.includes(code)) throw cause;
    throw new Permanent(`the folder ${folder} cannot be made (${code}): check its permissions, or give another offlineDirectory`, {
      cause,
    });
  }
}
