import { describe, expect, it } from '@jest/globals';

import { blocksOf, type Body } from './body-chunks.ts';
import { blockSizeFor } from './put-blob.ts';
import { chunksOf } from '@mortise/object-storage/testing';

const { signal } = new AbortController();

async function sizes(body: Body, blockSize: number): Promise<number[]> {
  const found: number[] = [];
  for await (const block of blocksOf(body, { blockSize, size: undefined, signal, free: [] })) found.push(block.byteLength);
  return found;
}

describe('the blocks of a body', () => {
  const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i & 255));

  it.each([
    [0, [0]],
    [99, [99]],
    [100, [100]],
    [101, [100, 1]],
    [300, [100, 100, 100]],
  ])('of %i bytes are as long as they can be', async (size, expected) => {
    for (const chunk of [1, 7, 100, 250, 1_000]) expect(await sizes(chunksOf(bytes.subarray(0, size), chunk), 100)).toEqual(expected);
    expect(await sizes(bytes.subarray(0, size), 100)).toEqual(expected);
  });

  it('are its bytes, also when it uses its buffer again', async () => {
    const buffer = Buffer.alloc(30);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < 300; at += 30) {
        bytes.copy(buffer, 0, at, at + 30);
        yield buffer;
      }
    }
    const blocks: Uint8Array[] = [];
    for await (const block of blocksOf(reusing(), { blockSize: 100, size: undefined, signal, free: [] })) blocks.push(block);
    expect(Buffer.concat(blocks).equals(bytes.subarray(0, 300))).toBe(true);
  });

  it('grow from little, and are as large as is said of the body', async () => {
    const large = Buffer.alloc(3_000_000, 7);
    for (const size of [undefined, 3_000_000, 10]) {
      const blocks: Uint8Array[] = [];
      for await (const block of blocksOf(chunksOf(large, 50_001), { blockSize: 1 << 20, size, signal, free: [] })) blocks.push(block);
      expect(blocks.map(({ byteLength }) => byteLength)).toEqual([1 << 20, 1 << 20, 3_000_000 - (2 << 20)]);
      expect(Buffer.concat(blocks).equals(large)).toBe(true);
    }
  });

  it('are filled again when nobody needs them any more', async () => {
    const free: Uint8Array[] = [];
    const seen = new Set<ArrayBufferLike>();
    for await (const block of blocksOf(chunksOf(bytes, 30), { blockSize: 100, size: 1_000, signal, free })) {
      seen.add(block.buffer);
      free.push(block);
    }
    expect(seen.size).toBe(1);
  });

  it('end with the reason of the signal while the body hangs, and with what the body throws', async () => {
    const stop = new AbortController();
    const hanging = async function* (): AsyncGenerator<Uint8Array> {
      await new Promise(() => undefined);
    };
    const next = blocksOf(hanging(), { blockSize: 100, size: undefined, signal: stop.signal, free: [] }).next();
    stop.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      throw new Error('the source is gone');
    };
    await expect(sizes(failing(), 100)).rejects.toThrow('the source is gone');
    const wrong = (async function* () {
      yield 'text';
    })() as unknown as Body;
    await expect(sizes(wrong, 100)).rejects.toThrow('a body must consist of Uint8Arrays, not of strings');
  });

  it('let go of a body that is not read to its end', async () => {
    let closed = false;
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield bytes;
      } finally {
        closed = true;
      }
    }
    for await (const _ of blocksOf(body(), { blockSize: 100, size: undefined, signal, free: [] })) break;
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(true);
  });

  it('are larger where there would be more than Azure takes', () => {
    expect(blockSizeFor(undefined, 8 << 20)).toBe(8 << 20);
    expect(blockSizeFor(50_000 * (8 << 20), 8 << 20)).toBe(8 << 20);
    expect(blockSizeFor(50_000 * (8 << 20) + 1, 8 << 20)).toBe(9 << 20);
  });
});
