/** An error of the file system, of whatever realm. */
export interface SystemError extends Error {
  code: string;
  path?: string;
}

/** True for errors that came from the operating system; with `codes`, only for these. */
export function isSystemError(error: unknown, ...codes: string[]): error is SystemError {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('syscall' in error)) return false;
  return typeof error.code === 'string' && (codes.length === 0 || codes.includes(error.code));
}

const REASONS: Record<string, string> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than is allowed',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many files are open in this process',
  ENFILE: 'too many files are open on this host',
  ENAMETOOLONG: 'the path is too long',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'it is a symbolic link',
};

/** Why a call to the operating system failed, in words. */
export function reasonOf(error: SystemError): string {
  return REASONS[error.code] ?? error.message;
}
