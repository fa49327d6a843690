import { untilAborted } from '@mortise/http-client';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** What is kept for a body of unknown length at first: most are small. */
const FIRST_BYTES = 64 * 1024;

export interface BlockOptions {
  /** Bytes. */
  blockSize: number;
  /** Of the body, bytes, if that is known. */
  size: number | undefined;
  signal: AbortSignal;
  /** Blocks that nobody needs any more, to be filled again: garbage of megabytes is collected late. */
  free: Uint8Array[];
}

/** The bytes of a body in blocks of one size, the last one shorter; at least one. They are copies: a body may use its chunks again. */
export async function* blocksOf(body: Body, options: BlockOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { blockSize, size, signal, free } = options;
  if (ArrayBuffer.isView(body)) {
    let at = 0;
    do yield body.subarray(at, (at += blockSize));
    while (at < body.byteLength);
    return;
  }
  let block: Uint8Array = Buffer.allocUnsafeSlow(Math.min(size ?? FIRST_BYTES, blockSize));
  let used = 0;
  for await (let chunk of untilAborted(body, signal)) {
    while (chunk.byteLength > 0) {
      if (used === blockSize) {
        yield block;
        block = free.pop() ?? Buffer.allocUnsafeSlow(blockSize);
        used = 0;
      } else if (used === block.byteLength) {
        block = grown(block, blockSize);
      }
      const taken = Math.min(chunk.byteLength, block.byteLength - used);
      block.set(chunk.subarray(0, taken), used);
      used += taken;
      chunk = chunk.subarray(taken);
    }
  }
  yield block.subarray(0, used);
}

function grown(block: Uint8Array, most: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(Math.min(most, Math.max(FIRST_BYTES, 8 * block.byteLength)));
  larger.set(block);
  return larger;
}
