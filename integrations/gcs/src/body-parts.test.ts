import { describe, expect, it } from '@jest/globals';

import { partsOf, type Body } from './body-parts.ts';

const never = new AbortController().signal;

async function parts(body: Body, partSize: number, signal = never): Promise<[text: string, isLast: boolean][]> {
  const found: [string, boolean][] = [];
  for await (const { bytes, isLast } of partsOf(body, partSize, signal)) found.push([Buffer.from(bytes).toString(), isLast]);
  return found;
}

async function* stream(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

describe('the parts of a body', () => {
  it.each([
    ['', [['', true]]],
    ['abc', [['abc', true]]],
    ['abcd', [['abcd', true]]],
    [
      'abcde',
      [
        ['abcd', false],
        ['e', true],
      ],
    ],
    [
      'abcdefgh',
      [
        ['abcd', false],
        ['efgh', true],
      ],
    ],
  ])('of %j are of one size, and the last one is known as such', async (text, expected) => {
    expect(await parts(Buffer.from(text), 4)).toEqual(expected);
    expect(await parts(stream(text), 4)).toEqual(expected);
    expect(await parts(stream('', ...text, ''), 4)).toEqual(expected);
  });

  it('are whole when the body uses its buffer again', async () => {
    const buffer = Buffer.alloc(3);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (const letter of 'abcd') yield buffer.fill(letter);
    }
    expect(await parts(reusing(), 5)).toEqual([
      ['aaabb', false],
      ['bcccd', false],
      ['dd', true],
    ]);
  });

  it('end with what the body failed with, or with the reason to stop, and the body is let go', async () => {
    let left = false;
    async function* hanging(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('abc');
        throw new Error('the source is gone');
      } finally {
        left = true;
      }
    }
    await expect(parts(hanging(), 4)).rejects.toThrow('the source is gone');
    expect(left).toBe(true);
    async function* stuck(): AsyncGenerator<Uint8Array> {
      await new Promise(() => undefined);
    }
    await expect(parts(stuck(), 4, AbortSignal.timeout(20))).rejects.toHaveProperty('name', 'TimeoutError');
    const texts = (async function* () {
      yield 'text' as unknown as Uint8Array;
    })();
    await expect(parts(texts, 4)).rejects.toThrow('not of strings');
  });
});
