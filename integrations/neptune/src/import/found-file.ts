import { access, constants, stat } from 'node:fs/promises';

/** A file of a run: where it can be read, or why it is not taken over. */
export type FoundFile =
  | {
      path: string;
      /** What a person should know of it. */
      doubt?: string;
    }
  | { why: string };

export const GONE: FoundFile = { why: 'it is not there' };

/** Of file systems and clocks that do not agree, ms. */
const SAME_TIME_MS = 2_000;

/** What is known of a file that the client has not copied, from when it was logged. */
export interface LoggedFile {
  /** Bytes; of Neptune 1.x not known. */
  size?: number;
  /** ms since the epoch. */
  at: number;
}

/** Whether a file can be read there. A folder is none, nor is what has no end, such as a pipe. */
export async function isFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * A file where it was when it was logged, which the client has not copied. There another one may be since, and a run that came from somebody else may name any file
 * of this machine.
 */
export async function whereLogged(path: string, logged: LoggedFile): Promise<FoundFile> {
  if (!(await isFile(path))) return GONE;
  const { size, mtimeMs } = await stat(path);
  if (size !== (logged.size ?? size)) return { why: 'it is another one now than when it was logged' };
  return mtimeMs > logged.at + SAME_TIME_MS
    ? { path, doubt: 'was written to after it was logged, and may be another one by now' }
    : { path };
}
