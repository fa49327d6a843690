import * as types from 'node:util/types';

/** Bytes as fetch sends them: of memory that threads share it sends the numbers, as a text. Only those are copied. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return types.isSharedArrayBuffer(bytes.buffer) ? new Uint8Array(bytes) : (bytes as Uint8Array<ArrayBuffer>);
}
