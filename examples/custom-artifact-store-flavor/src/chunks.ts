import { untilAborted } from './until-aborted.js';

/** The bytes of a body in chunks of one size, the last one shorter. Gives up when the signal does, also while the body hangs. */
export async function* inChunks(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = Buffer.alloc(size);
  let filled = 0;
  for await (const piece of untilAborted(body, signal)) {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + size - filled);
      chunk.set(taken, filled);
      at += taken.length;
      filled += taken.length;
      if (filled < size) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
