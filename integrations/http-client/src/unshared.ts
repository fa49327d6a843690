import * as types from 'node:util/types';

/** Bytes as fetch sends them: of memory that threads share it sends the numbers, as a text. Only those are copied. */
export function unshared(bytes: Uint8Array): Unshared {
  return types.isSharedArrayBuffer(bytes.buffer) ? new Uint8Array(bytes) : (bytes as Unshared);
}

/** Not `Uint8Array<ArrayBuffer>`: that name has no parameter for a compiler before TypeScript 5.7, which reads the declarations of the packages too. */
export type Unshared = Uint8Array & { readonly buffer: ArrayBuffer };
