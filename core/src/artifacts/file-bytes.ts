import { createReadStream } from 'node:fs';

/**
 * The bytes of a file, in chunks of `chunkBytes`. It is opened when they are read, which a store that fails before that never does: a stream that is open by
 * then would stay so, and one that could not be opened end the process with an error that nobody hears.
 */
export async function* fileBytes(path: string, chunkBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield* createReadStream(path, { highWaterMark: chunkBytes });
}
