import type { Json } from '../json.ts';
import type { VersionRecord } from '../store/version-data.ts';

/** What decides what is loaded from a stored value. */
export type Content = Pick<VersionRecord, 'materializer' | 'materializerVersion' | 'sha256' | 'meta'>;

/** What a stored value is, whatever name and number it was stored under. The same bytes can be several values: `meta` has the type of an array, or its shape. */
export function contentOf({ materializer, materializerVersion, sha256, meta }: Content): Json {
  return [materializer, materializerVersion, sha256, ...(meta === null ? [] : [meta])];
}

export function hasSameContent(one: Content, other: Content): boolean {
  return one.sha256 === other.sha256 && JSON.stringify(contentOf(one)) === JSON.stringify(contentOf(other));
}
