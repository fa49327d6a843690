import { createReadStream } from 'node:fs';

/** From here on a store is told how long a file is, which some need for what is very large. Files of the system, which are small, have another length than they say. */
const TOLD_FROM_BYTES = 1 << 20;

/**
 * The bytes of a file of `size` bytes, in chunks of `chunkBytes`, and `size` if a store is to be told: then no more are read than that, should the file grow.
 * It is opened when they are read, which a store that fails before that never does: a stream that is open by then would stay so, and one that could not be
 * opened end the process with an error that nobody hears.
 */
export function fileBytes(
  path: string,
  size: number,
  chunkBytes: number,
): { body: AsyncGenerator<Uint8Array, void, undefined>; size?: number } {
  if (size < TOLD_FROM_BYTES) return { body: read(path, { highWaterMark: chunkBytes }) };
  return { body: read(path, { highWaterMark: chunkBytes, end: size - 1 }), size };
}

async function* read(path: string, options: { highWaterMark: number; end?: number }): AsyncGenerator<Uint8Array, void, undefined> {
  yield* createReadStream(path, options);
}
