import type { Materializer } from './materializer.ts';

/** Text as UTF-8. A string with half a surrogate pair, which UTF-8 cannot hold, is left to JSON. */
export const stringMaterializer: Materializer<string> = {
  name: 'string',
  version: 1,
  handles(value): value is string {
    return typeof value === 'string' && value.isWellFormed();
  },
  async save(value, out) {
    await out.write(Buffer.from(value), { extension: 'txt', type: 'text/plain; charset=utf-8' });
    return null;
  },
  async load(from) {
    const bytes = await from.bytes();
    // Not a TextDecoder: that drops a byte order mark.
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  },
};
