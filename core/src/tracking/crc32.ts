import { crc32 as native } from 'node:zlib';

/** From here on the call of another language pays, bytes. Below it costs more than the work, and its module, when first used, as much as a thousand lines. */
const NATIVE_BYTES = 2048;

/** What each byte does to a checksum. */
export const CRC_OF_BYTE = new Int32Array(256);
for (let byte = 0; byte < CRC_OF_BYTE.length; byte++) {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  CRC_OF_BYTE[byte] = rest;
}

/** The CRC-32 (of zlib, PNG) of `bytes` from `from` to `to`, which is exclusive. `before`: that of the bytes before them. */
export function crc32(bytes: Uint8Array, from: number, to: number, before = 0): number {
  if (to - from >= NATIVE_BYTES) return native(bytes.subarray(from, to), before);
  let crc = ~before;
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ CRC_OF_BYTE[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}
