import type { FieldValue } from '../wire/snapshot.ts';

/** Bytes. */
const LONGEST_PATH = 1_024;
/** Bytes of a text. */
export const LONGEST_TEXT = 1_048_576;
/** Bytes of a snapshot: Neptune takes 2 MiB. */
const LARGEST_SNAPSHOT = 2_000_000;

/** Why Neptune cannot keep a field of this path, in words that follow its name; undefined if it can. */
export function pathRefusal(path: string): string | undefined {
  if (!path.isWellFormed()) return 'has half of a character in its name';
  const bytes = Buffer.byteLength(path);
  return bytes > LONGEST_PATH ? `has a path of ${bytes} bytes in Neptune, which takes ${LONGEST_PATH}` : undefined;
}

/** Why Neptune cannot keep a text, in words that follow its name; undefined if it can. */
export function textRefusal(text: string): string | undefined {
  if (!text.isWellFormed()) return 'has half of a character, as text has that is cut inside an emoji';
  const bytes = Buffer.byteLength(text);
  return bytes > LONGEST_TEXT ? `has ${bytes} bytes, Neptune takes ${LONGEST_TEXT}` : undefined;
}

/** Fields in portions that each fit into one snapshot. */
export function* portions(fields: ReadonlyMap<string, FieldValue>): Generator<ReadonlyMap<string, FieldValue>, void, undefined> {
  // Few fields of few bytes, as nearly always.
  if (fields.size < 500 && !Array.from(fields.values()).some(isLong)) return yield fields;
  let portion = new Map<string, FieldValue>();
  let size = 0;
  for (const [path, value] of fields) {
    const added = Buffer.byteLength(path) + sizeOf(value) + 24;
    if (portion.size > 0 && size + added > LARGEST_SNAPSHOT) {
      yield portion;
      portion = new Map();
      size = 0;
    }
    portion.set(path, value);
    size += added;
  }
  yield portion;
}

function isLong(value: FieldValue): boolean {
  return value.kind === 'string' && value.value.length > 1_000;
}

function sizeOf(value: FieldValue): number {
  return value.kind === 'string' ? Buffer.byteLength(value.value) : value.kind === 'file' ? 2_000 : 24;
}
