import { isMortiseError, makeFolder, Permanent, Transient } from '@mortise/core';

/** What does not pass by itself. */
const FOR_GOOD = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR'];

/** Works in the folder of offline runs. What the system refuses becomes `Transient` or `Permanent`. */
export async function atFiles<T>(folder: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    if (isMortiseError(error)) throw error;
    if (signal.aborted) throw signal.reason;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined && FOR_GOOD.includes(code)) throw forGood(folder, error);
    throw new Transient(`cannot write offline runs to ${folder}: ${message}`, { cause: error });
  }
}

/** Makes the folder of offline runs. What says that there can be none, such as /proc, does not pass. */
export function makeRunsFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw ['ENOENT', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code)) ? forGood(folder, error) : error;
  }
}

function forGood(folder: string, error: unknown): Permanent {
  const { code } = error as NodeJS.ErrnoException;
  return new Permanent(`cannot write offline runs to ${folder} (${code}): check its permissions, or give another offlineDirectory`, {
    cause: error,
  });
}
