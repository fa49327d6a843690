import { createHash } from 'node:crypto';

import { WandbError } from '../wandb-error.ts';
import type { Measured } from './measured.ts';

/** Errors that say of a file that it changed. */
const changes = new WeakSet<WandbError>();

/**
 * The bytes of a file that was measured before. Where they are others by now it fails, and the last of them is kept back until that is known: no storage takes
 * half of an old file and half of a new one for a whole.
 */
export async function* unchanged(
  path: string,
  body: AsyncIterable<Uint8Array>,
  { size, md5 }: Measured,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('md5');
  let last: Uint8Array | undefined;
  let read = 0;
  for await (const chunk of body) {
    read += chunk.length;
    if (read > size) throw changed(path);
    if (last !== undefined) yield last;
    hash.update(chunk);
    last = chunk;
  }
  if (read < size || hash.digest('base64') !== md5) throw changed(path);
  if (last !== undefined) yield last;
}

/** Uploads, and does so once more, from the beginning, if a file changed meanwhile. */
export async function againIfChanged<T>(upload: () => Promise<T>): Promise<T> {
  try {
    return await upload();
  } catch (error) {
    if (!changes.has(error as WandbError)) throw error;
    return upload();
  }
}

function changed(path: string): WandbError {
  const error = new WandbError('invalid', `The file ${JSON.stringify(path)} changed while it was being read`);
  changes.add(error);
  return error;
}
