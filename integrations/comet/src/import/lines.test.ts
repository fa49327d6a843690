import { expect, test } from '@jest/globals';

import { lines } from './lines.ts';

const MB = Buffer.alloc(1 << 20, 'x');

/** MB by MB, as from a file, and what follows. */
async function* megabytes(count: number, end: string): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < count * 16; n++) yield MB.subarray(0, MB.length / 16);
  yield Buffer.from(end);
}

async function linesOf(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(chunks)) found.push(line);
  return found;
}
const lengthsOf = async (chunks: AsyncIterable<Uint8Array>): Promise<number[]> => (await linesOf(chunks)).map(({ length }) => length);

test('lines are whole wherever they are cut, also amid a character, and empty ones are left out', async () => {
  const bytes = Buffer.from('é1\n\n損失\nlast');
  const cut = async function* (): AsyncGenerator<Uint8Array> {
    for (const byte of bytes) yield Uint8Array.of(byte);
  };
  expect(await linesOf(cut())).toEqual(['é1', '損失', 'last']);
});

test('a line of 64 MB takes a time that rises with its length, and not with its square', async () => {
  const from = performance.now();
  expect(await lengthsOf(megabytes(64, '\nabc'))).toEqual([64 << 20, 3]);
  expect(performance.now() - from).toBeLessThan(6_000);
}, 60_000);

test('a line that is longer than any message is given as an empty one, and is not held in memory', async () => {
  expect(await lengthsOf(megabytes(200, '\nabc'))).toEqual([0, 3]);
}, 20_000);
