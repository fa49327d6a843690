import * as types from 'node:util/types';

import type { Materializer } from './materializer.ts';
import { littleEndianBytes, refuseLost, typedArrayFrom, typedArrayKind, type TypedArray } from './typed-array-bytes.ts';
import { valueKind } from './value-kind.ts';

/** Numbers of one width as little-endian bytes, written straight from the array's memory. The extension is the element's type, as numpy calls it. */
export const typedArrayMaterializer: Materializer<TypedArray> = {
  name: 'typed-array',
  version: 1,
  handles(value): value is TypedArray {
    return types.isTypedArray(value) && valueKind(value) === 'typed-array';
  },
  async save(value, out) {
    refuseLost(value);
    const kind = typedArrayKind(value);
    await out.write(littleEndianBytes(value), {
      extension: kind.slice(0, -'Array'.length).toLowerCase(),
      type: 'application/octet-stream',
    });
    return { kind };
  },
  async load(from, meta) {
    return typedArrayFrom((meta as { kind: string }).kind, await from.bytes());
  },
};
