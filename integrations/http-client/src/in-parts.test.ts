import { expect, test } from '@jest/globals';

import { inParts } from './in-parts.ts';

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield Buffer.from(text);
}

async function partsOf(...texts: string[]): Promise<string[]> {
  const parts: string[] = [];
  for await (const part of inParts(chunksOf(...texts), 4)) parts.push(Buffer.from(part).toString());
  return parts;
}

test('chunks of any size become parts of one size, the last may be shorter', async () => {
  expect(await partsOf('a', 'bcdefghi', '', 'jk')).toEqual(['abcd', 'efgh', 'ijk']);
  expect(await partsOf('abcdefgh')).toEqual(['abcd', 'efgh']);
});

test('nothing is one empty part', async () => {
  expect(await partsOf()).toEqual(['']);
});
