import * as types from 'node:util/types';

import { ArtifactCorrupt } from '../errors.ts';
import type { Materializer } from './materializer.ts';
import { refuseLost } from './typed-array-bytes.ts';
import { valueKind } from './value-kind.ts';

type Bytes = Uint8Array<ArrayBuffer> | ArrayBuffer;

/** A Uint8Array, a Buffer or an ArrayBuffer, as it is. */
export const bytesMaterializer: Materializer<Bytes> = {
  name: 'bytes',
  version: 1,
  handles(value): value is Bytes {
    return typeof value === 'object' && value !== null && kindOf(value) !== undefined;
  },
  async save(value, out) {
    refuseLost(value);
    const bytes = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
    await out.write(bytes, { extension: 'bin', type: 'application/octet-stream' });
    return { kind: kindOf(value)! };
  },
  async load(from, meta) {
    const bytes = (await from.bytes()) as Uint8Array<ArrayBuffer>;
    const { kind } = meta as { kind: unknown };
    if (kind === 'Uint8Array') return bytes;
    if (kind === 'Buffer') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (kind === 'ArrayBuffer') return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer;
    throw new ArtifactCorrupt({ what: 'the kind of some bytes', expected: 'Uint8Array, Buffer or ArrayBuffer', found: String(kind) });
  },
};

function kindOf(value: object): string | undefined {
  if (!types.isUint8Array(value) && !types.isArrayBuffer(value)) return undefined;
  const kind = valueKind(value);
  if (kind === 'buffer') return 'Buffer';
  if (kind === 'array-buffer') return 'ArrayBuffer';
  return kind === undefined ? undefined : 'Uint8Array';
}
