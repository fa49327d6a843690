/** Code of an error of the file system (`ENOENT`), or undefined for any other value. */
export function fileErrorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'your quota is used up',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  EISDIR: 'it is a folder',
};

/** Why the file system refused, for people: `permission denied`. */
export function fileErrorReason(error: unknown): string {
  const code = fileErrorCode(error);
  if (code) return WORDS[code] ?? code;
  // On a read-only file system rmSync gives an empty one, and ", Unknown error: Read-only file system".
  return code === '' ? (error as Error).message.replace(/^, (Unknown error: )?/, '') : String(error);
}
