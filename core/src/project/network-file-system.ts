import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileErrorCode } from './file-error.ts';

/**
 * Magic numbers of statfs(2) on Linux. SQLite's write-ahead log needs memory that is shared between processes, which these do not give across hosts.
 * FUSE and 9P are left out: they serve local file systems too (containers without root, virtual machines).
 */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
]);

/** Name of the network file system with this statfs type, or undefined for any other. */
export function networkFileSystem(statfsType: number): string | undefined {
  return NETWORK_FILE_SYSTEMS.get(statfsType >>> 0);
}

/** Name of the network file system that a path is or would be on, or undefined on a local one. Only Linux's numbers are known. */
export function networkFileSystemOf(path: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  for (let existing = path; ; existing = dirname(existing)) {
    try {
      return networkFileSystem(statfsSync(existing).type);
    } catch (error) {
      if (fileErrorCode(error) !== 'ENOENT' || existing === dirname(existing)) return undefined;
    }
  }
}
