/**
 * A `.wandb` file: a header of seven bytes, then blocks of 32 KiB (the header is part of the first). A block holds chunks, each `CRC-32 | length |
 * type | data`, little-endian; the checksum is over type and data. A record that does not fit into its block goes on in the next one. What remains
 * of a block is filled with zeros if no chunk head fits.
 */
export const BLOCK_BYTES = 32_768;
export const CHUNK_HEAD_BYTES = 7;
export const FILE_HEADER = Uint8Array.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);

export const FULL = 1;
export const FIRST = 2;
export const MIDDLE = 3;
export const LAST = 4;

/** A part of a record; `end` counts from where it was looked for. */
export interface Chunk {
  type: number;
  data: Uint8Array;
  end: number;
}
