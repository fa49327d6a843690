import { crc32 as ofZlib } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { crc32 } from './crc32.ts';

test('the checksum of any part of any bytes is the one of zlib', () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i * i * 31 + i) & 0xff);
  for (const [from, to] of [...Array.from({ length: 300 }, (_, i) => [i, 2 * i] as const), [0, 2_047], [0, 2_048], [7, 5_000]] as const)
    expect(crc32(bytes, from, to)).toBe(ofZlib(bytes.subarray(from, to)));
});

test('the checksum goes on from that of what is before', () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7 + 3) & 0xff);
  for (const at of [1, 100, 2_900, 4_999]) expect(crc32(bytes, at, 5_000, crc32(bytes, 0, at))).toBe(ofZlib(bytes));
});
