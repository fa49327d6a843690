import { BadArtifactKey, checkKey, isMortiseError } from '@mortise/core';

/** Of the file systems on which servers keep artifacts. */
const MAX_NAME_BYTES = 255;
/** A server keeps its unfinished uploads under such names, and refuses them to others. */
const RESERVED = /^\.(?=artifact\.uploading\.)/;
/** What MLflow refuses or decodes, and what Windows takes in no name. `~` begins what stands for them. */
const UNSAFE = /[~%#?;:"<>|*]|[. ]$/g;
const ESCAPE = /~([0-9A-F]{2})/g;

/** The name under which a segment of a key is kept: most as they are. */
function storedName(segment: string): string {
  return segment.replace(UNSAFE, escaped).replace(RESERVED, escaped);
}

const escaped = (character: string): string => `~${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** The segment that is kept under a name; undefined for a name that we never give. */
export function segmentOf(name: string): string | undefined {
  const segment = name.replace(ESCAPE, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return storedName(segment) === name ? segment : undefined;
}

/** The path of a key, relative to the store's folder. Throws `BadArtifactKey`. */
export function storedPath(key: string): string {
  checkKey(key);
  const names = key.split('/').map(storedName);
  if (names.some((name) => name.length > MAX_NAME_BYTES / 3 && Buffer.byteLength(name) > MAX_NAME_BYTES))
    throw new BadArtifactKey({ key, reason: `MLflow keeps a segment under a name of more than ${MAX_NAME_BYTES} bytes` });
  return names.join('/');
}

/** May a folder have this name, of one or more segments, without anything standing for something else? */
export function isPlainFolder(path: string): boolean {
  try {
    return storedPath(path) === path;
  } catch (error) {
    if (isMortiseError(error)) return false;
    throw error;
  }
}
