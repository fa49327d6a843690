import { BinaryReader, type WireType } from '@bufbuild/protobuf/wire';

/** Reads the fields of one message: each by the reader of its number, what has none is skipped. */
export function readFields(bytes: Uint8Array, readers: Readonly<Record<number, (reader: BinaryReader, type: WireType) => void>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = readers[field];
    if (read === undefined) reader.skip(type, field);
    else read(reader, type);
  }
}

/** A 64-bit integer as a number; those beyond 2^53 lose digits, as JSON's do. */
export function integer(reader: BinaryReader): number {
  return Number(reader.int64());
}

/** Repeated numbers, packed or one by one. */
export function numbers(reader: BinaryReader, type: WireType, single: WireType, read: (from: BinaryReader) => number): number[] {
  if (type === single) return [read(reader)];
  const packed = new BinaryReader(reader.bytes());
  const found: number[] = [];
  while (packed.pos < packed.len) found.push(read(packed));
  return found;
}
