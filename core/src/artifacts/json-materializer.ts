import type { Materializer } from './materializer.ts';
import { decodeTagged, encodeTagged } from './tagged-json.ts';
import { valueKind } from './value-kind.ts';

/** Plain data as tagged JSON. Says `NotSerializable` when saving, if something deep inside is no data. */
export const jsonMaterializer: Materializer = {
  name: 'json',
  version: 1,
  handles(value): value is unknown {
    if (typeof value === 'function' || typeof value === 'symbol') return false;
    return typeof value !== 'object' || value === null || valueKind(value) !== undefined;
  },
  async save(value, out) {
    await out.write(encodeTagged(value), { extension: 'json', type: 'application/json' });
    return null;
  },
  async load(from) {
    return decodeTagged(await from.bytes());
  },
};
