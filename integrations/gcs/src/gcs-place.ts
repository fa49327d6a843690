import { BadArtifactKey, checkKey } from '@mortise/core';
import { keyPrefixOf } from '@mortise/object-storage';

const MAX_NAME_BYTES = 1024;
const PATH = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:\/(.*))?$/;

/** A bucket, and what the names of the objects in it begin with: nothing, or something that ends with `/`. */
export interface GcsPlace {
  bucket: string;
  prefix: string;
}

/** The place in `gs://BUCKET/PREFIX`; undefined when that is none. */
export function placeIn(path: string): GcsPlace | undefined {
  const [, bucket, rest = ''] = PATH.exec(path) ?? [];
  if (bucket === undefined) return undefined;
  const prefix = keyPrefixOf(rest);
  return prefix === undefined ? undefined : { bucket, prefix };
}

/** The name of the object of an artifact key. Throws `BadArtifactKey`. */
export function objectName({ prefix }: GcsPlace, key: string): string {
  checkKey(key);
  const name = prefix + key;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new BadArtifactKey({ key, reason: `with its prefix it is longer than ${MAX_NAME_BYTES} bytes` });
  if (name.startsWith('.well-known/acme-challenge/')) throw new BadArtifactKey({ key, reason: 'GCS keeps such names for itself' });
  return name;
}

/** `gs://BUCKET/NAME`, as the tools of Google write it: nothing in it is escaped. */
export const uriOf = ({ bucket }: GcsPlace, name: string): string => `gs://${bucket}/${name}`;

/** Tells this place from all others: buckets of Google have names of their own in the world, those of other servers on their server. */
export function identityOf(place: GcsPlace, endpoint: string | undefined): string {
  const uri = uriOf(place, place.prefix);
  if (endpoint === undefined) return uri;
  const { host, pathname } = new URL(endpoint);
  if (/(^|\.)googleapis\.com$/.test(host)) return uri;
  return `${uri}@${host}${pathname.replace(/\/+$/, '')}`;
}
