import { statSync } from 'node:fs';

/**
 * How a store is that nobody has open for writing: another mark afterwards means that it was written to meanwhile. Undefined while its log holds what is not
 * in the file yet, and when that cannot be told.
 */
export function stillMark(path: string): string | undefined {
  try {
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return undefined;
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join();
  } catch {
    return undefined;
  }
}
