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
  const path = join(folder, MARKER);
  const aside = `${path}.${id}`;
  try {
    writeMarker(aside, id);
    linkSync(aside, path);
  } catch (error) {
    if (isSystemError(error, ...NO_LINKS)) writeInPlace(path, id);
    else if (!isSystemError(error, 'EEXIST')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** What file systems without links answer, as exFAT. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** One process wins here, too; another may come to half a marker, and says so. */
function writeInPlace(path: string, id: string): void {
  try {
    writeMarker(path, id);
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

function writeMarker(path: string, id: string): void {
  const fd = openSync(path, 'wx');
  try {
    writeSync(fd, `${JSON.stringify({ id, version: 1 })}\n`);
    fsyncSync(fd);
  } catch (error) {
    // On a full disk, say: half a marker would be in the way of every later one.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
