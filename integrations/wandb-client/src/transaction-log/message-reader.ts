import type { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Reads a field's value if it knows the field; the rest is passed over. */
export type FieldVisitor = (field: number, reader: BinaryReader, type: WireType) => boolean;

/** Reads a message of `length` bytes, or all that is left. Throws if the bytes are no such message. */
export function readMessage(reader: BinaryReader, visit: FieldVisitor, length = reader.len - reader.pos): void {
  const end = reader.pos + length;
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (!visit(field, reader, type)) reader.skip(type, field);
  }
}

/** Reads a message that is a field's value. Always true, for a visitor to end with. */
export function readNested(reader: BinaryReader, visit: FieldVisitor): true {
  readMessage(reader, visit, reader.uint32());
  return true;
}

/** Keeps strings of some fields: the field numbers by property. */
export function readStrings<K extends string>(into: Partial<Record<K, string>>, fields: Readonly<Record<number, K>>): FieldVisitor {
  return (field, reader) => {
    const name = fields[field];
    if (name === undefined) return false;
    into[name] = reader.string();
    return true;
  };
}

/** A protobuf Timestamp in ms since the epoch. */
export function readTime(reader: BinaryReader): number {
  let seconds = 0;
  let nanos = 0;
  readNested(reader, (field, timestamp) => {
    if (field === 1) seconds = Number(timestamp.int64());
    else if (field === 2) nanos = timestamp.int32();
    else return false;
    return true;
  });
  return seconds * 1000 + nanos / 1e6;
}
