import { BadArtifactKey } from '../errors.ts';

const MAX_SEGMENT_BYTES = 255;
const CONTROL = /[\u0000-\u001f\u007f]/;
/** What most keys look like: plain segments, none of them long or beginning with a dot. Said at once, without taking the key apart. */
const PLAIN = /^[\w-][\w.-]{0,250}(?:\/[\w-][\w.-]{0,250})*$/;

/** Throws `BadArtifactKey` unless every artifact store can hold the key: relative, `/`-separated, no `.`, `..`, empty or overlong segment. */
export function checkKey(key: string): void {
  const reason = whatIsWrong(key);
  if (reason !== undefined) throw new BadArtifactKey({ key, reason });
}

function whatIsWrong(key: string): string | undefined {
  if (PLAIN.test(key)) return undefined;
  if (key === '') return 'it is empty';
  if (key.startsWith('/')) return 'it is absolute';
  if (key.includes('\\')) return 'it has a backslash';
  if (CONTROL.test(key)) return 'it has a control character';
  if (!key.isWellFormed()) return 'it is not well-formed Unicode';
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment';
    if (segment === '.' || segment === '..') return `it has the segment "${segment}"`;
    // A UTF-16 unit takes at most 3 bytes, so most segments need no count.
    if (segment.length > MAX_SEGMENT_BYTES / 3 && Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)
      return `a segment is longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

/**
 * What all keys of a version begin with: `<first segment of the artifact's name>/<the others, joined by dots>.<version id>`, made safe for file systems.
 * One folder for all artifacts of a pipeline: in a local store every folder would be one more thing to make and to bring to the disk. A single file is
 * stored as `<prefix>.<extension>`, the files of a folder as `<prefix>/<path>`; as ids are unique, no key is another key's folder.
 */
export function keyPrefixOf(artifactName: string, versionId: string): string {
  const [first = '', ...others] = artifactName.split('/').map(safeSegment);
  const name = others.length === 0 ? '' : `${shortened(others.join('.'), MAX_NAME_BYTES)}.`;
  return `${first}/${name}${versionId}`;
}

const ID = /^[^/]+\/(?:[^/]*\.)?([0-9a-f]{32})[./]/;

/** The version id in a key that begins with a prefix of `keyPrefixOf`; undefined for another key. */
export function idInKey(key: string): string | undefined {
  return ID.exec(key)?.[1];
}

/** Leaves room for the id and an extension in one segment. */
const MAX_NAME_BYTES = 180;
const UNSAFE = /[\u0000-\u001f\u007f\\<>:"|?*]|^\.|[. ]$/g;

function safeSegment(segment: string): string {
  const safe = segment.toWellFormed().replace(UNSAFE, '_') || '_';
  return shortened(safe, MAX_SEGMENT_BYTES);
}

function shortened(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read).replace(/[. ]$/, '_');
}

/** Orders keys as their UTF-8 bytes do, which is not how JavaScript compares strings: there a surrogate comes before U+E000. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
