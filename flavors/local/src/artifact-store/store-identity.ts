import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { makeFolder } from '@mortise/core';

import { syncFolder, MARKER } from './store-folder.ts';
import { isSystemError } from './system-error.ts';

/**
 * The identity of the store in a folder: a UUID in a marker file, made by whoever comes first. Folder and marker are made when missing.
 * Throws the system's errors, or an `Error` that says what is wrong with the marker.
 */
export async function storeIdentity(folder: string): Promise<string> {
  const known = readMarker(folder);
  if (known !== undefined) return known;
  makeFolder(folder);
  makeMarker(folder);
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  return readMarker(folder)!;
}

function readMarker(folder: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, MARKER), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const id = idIn(text);
  if (id === undefined)
    throw new Error(`its marker ${join(folder, MARKER)} is no JSON with an "id"; restore it, because the id tells this store from others`);
  return id;
}

function idIn(text: string): string | undefined {
  try {
    const marker = JSON.parse(text) as { id?: unknown } | null;
    return typeof marker?.id === 'string' && marker.id !== '' ? marker.id : undefined;
  } catch {
    return undefined;
  }
}

/** Written aside and linked into place: of several processes one wins, and nobody reads half a marker. */
function makeMarker(folder: string): void {
  const id = randomUUID();
  const aside = join(folder, `${MARKER}.${id}`);
  const fd = openSync(aside, 'wx');
  try {
    writeSync(fd, `${JSON.stringify({ id, version: 1 })}\n`);
    fsyncSync(fd);
    linkSync(aside, join(folder, MARKER));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  } finally {
    closeSync(fd);
    rmSync(aside, { force: true });
  }
}
