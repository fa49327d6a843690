import { endianness } from 'node:os';
import * as types from 'node:util/types';

import { NotSerializable } from '../errors.ts';

/** Any typed array, of any realm. */
export type TypedArray = NodeJS.TypedArray;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): TypedArray;
}

const KIND = /^(Int8|Uint8|Uint8Clamped|Int16|Uint16|Int32|Uint32|BigInt64|BigUint64|Float16|Float32|Float64)Array$/;

/** `Float64Array`, ... */
export function typedArrayKind(array: TypedArray): string {
  return array[Symbol.toStringTag];
}

/** The elements as little-endian bytes: a view of the array's own memory, nothing is copied (except on a big-endian machine). */
export function littleEndianBytes(array: TypedArray): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return endianness() === 'LE' ? bytes : swapped(bytes, array.BYTES_PER_ELEMENT);
}

/** The typed array of a kind whose little-endian bytes these are. It takes over the memory of `bytes` where that is aligned. */
export function typedArrayFrom(kind: string, bytes: Uint8Array): TypedArray {
  const make = KIND.test(kind) ? (globalThis as unknown as Record<string, TypedArrayConstructor | undefined>)[kind] : undefined;
  if (make === undefined) throw new TypeError(`this version of Node has no ${kind}`);
  const width = make.BYTES_PER_ELEMENT;
  const native = endianness() === 'LE' ? bytes : swapped(bytes, width);
  const aligned = native.byteOffset % width === 0 ? native : new Uint8Array(native);
  return new make(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
}

/** A copy with the bytes of each element in the other order. */
export function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  if (width > 1) for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return copy;
}

/** Refuses an array that is empty by now because it lost its memory: storing that would lose the data in silence. */
export function refuseLost(value: ArrayBufferLike | NodeJS.ArrayBufferView): void {
  const what = lostMemory(value);
  if (what !== undefined) throw new NotSerializable({ path: 'value', what });
}

/** What an array is that lost its memory, in words for a message: to a worker, or to what made the memory smaller. Undefined for any other. */
export function lostMemory(value: ArrayBufferLike | NodeJS.ArrayBufferView): string | undefined {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  if (types.isArrayBuffer(memory) && (memory as { detached?: boolean }).detached === true)
    return 'an array whose memory was transferred to another thread';
  return types.isTypedArray(value) && isOutOfBounds(value) ? 'an array whose memory was made smaller than it, by resize()' : undefined;
}

/** Its length and offset are 0, as those of an empty one may be: only its methods tell. */
function isOutOfBounds(array: TypedArray): boolean {
  if (array.length > 0) return false;
  try {
    Uint8Array.prototype.at.call(array as Uint8Array, 0);
    return false;
  } catch {
    return true;
  }
}
