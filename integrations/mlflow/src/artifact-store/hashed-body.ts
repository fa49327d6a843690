import { createHash, hash } from 'node:crypto';
import * as types from 'node:util/types';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** A body that is hashed while it is sent. */
export interface HashedBody {
  body: Body;
  /** Of all that was read. */
  result(): { size: number; sha256: string };
}

export function hashedBody(body: Body): HashedBody {
  if (isWhole(body)) return { body, result: () => ({ size: body.byteLength, sha256: hash('sha256', body) }) };
  const digest = createHash('sha256');
  let size = 0;
  async function* chunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source) {
      if (!types.isUint8Array(chunk)) throw new TypeError(`a body must consist of Uint8Arrays, not of ${typeof chunk}s`);
      digest.update(chunk);
      size += chunk.byteLength;
      // A body may use its chunks again, while what sends them still holds some back.
      if (chunk.byteLength > 0) yield Buffer.from(chunk);
    }
  }
  return { body: chunks(body), result: () => ({ size, sha256: digest.digest('hex') }) };
}

export function isWhole(body: Body): body is Uint8Array {
  return ArrayBuffer.isView(body);
}
