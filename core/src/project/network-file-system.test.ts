import { describe, expect, test } from '@jest/globals';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { networkFileSystem, networkFileSystemOf } from './network-file-system.ts';

describe('network file systems', () => {
  test('are told by the type that statfs gives, signed or unsigned', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS');
    expect(networkFileSystem(0xff534d42)).toBe('CIFS');
    expect(networkFileSystem(0xff534d42 | 0)).toBe('CIFS');
    expect(networkFileSystem(0xef53)).toBeUndefined();
  });

  test('a folder on a local disk is on none, also before it exists', () => {
    expect(networkFileSystemOf(join(tmpdir(), 'not', 'there', 'yet'))).toBeUndefined();
  });
});
