import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ArtifactNotFound, isError } from '../errors.ts';
import { temporaryArtifactStore, type TemporaryArtifactStore } from '../testing/temporary-artifact-store.ts';
import { artifactReader } from './artifact-reader.ts';
import type { LoggedFile } from './experiment-tracker.ts';

let place: TemporaryArtifactStore;
beforeEach(async () => {
  place = await temporaryArtifactStore();
});
afterEach(() => place[Symbol.dispose]());

async function logged(bytes: Buffer): Promise<LoggedFile & { path: string }> {
  const key = 'wine/logged.bin';
  const { size, sha256 } = await place.store.put(key, bytes);
  return { key, uri: place.store.uri(key), size, sha256, path: join(place.folder, key) };
}

/** What a tracker is given, and why it gets no more. */
async function read(file: LoggedFile): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of artifactReader(async () => place.store)(file)) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

test.each([0, 5, 700_000])('a logged file of %d bytes is given as it was logged', async (size) => {
  const bytes = Buffer.alloc(size, 7);
  const { bytes: found, error } = await read(await logged(bytes));
  expect([error, found.equals(bytes)]).toEqual([undefined, true]);
});

test.each<[string, (path: string) => void, string]>([
  ['other bytes', (path) => writeFileSync(path, Buffer.alloc(700_000, 8)), 'other bytes than were logged'],
  ['fewer bytes', (path) => truncateSync(path, 600_000), '600000 of the 700000 bytes that were logged'],
  ['no bytes', (path) => truncateSync(path, 0), '0 of the 700000 bytes that were logged'],
  ['more bytes', (path) => appendFileSync(path, 'x'), 'more than the 700000 bytes that were logged'],
])('a logged file of which the store has %s goes to no tracker as a whole one', async (_, damage, found) => {
  const { path, ...file } = await logged(Buffer.alloc(700_000, 7));
  damage(path);
  const { bytes, error } = await read(file);
  expect(isError(error, ArtifactNotFound)).toBe(true);
  expect((error as Error).message).toBe(`an undamaged ${file.uri} is not there (what lies there has ${found})`);
  expect(bytes.length).toBeLessThan(700_000);
});

test('a file whose event tells only where it lies is read as it is', async () => {
  const { key, uri, path } = await logged(Buffer.from('a'));
  writeFileSync(path, 'other');
  expect(String((await read({ key: key!, uri })).bytes)).toBe('other');
});
