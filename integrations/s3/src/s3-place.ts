import { BadArtifactKey, checkKey } from '@mortise/core';
import { keyPrefixOf } from '@mortise/object-storage';

/** Of all S3 servers. */
const MAX_KEY_BYTES = 1024;
const PATH = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9])(?:\/(.*))?$/;

/** A bucket, and what the keys in it begin with: nothing, or something that ends with `/`. */
export interface S3Place {
  bucket: string;
  prefix: string;
}

/** The place in `s3://BUCKET/PREFIX`; undefined when that is none. */
export function placeIn(path: string): S3Place | undefined {
  const [, bucket, rest = ''] = PATH.exec(path) ?? [];
  if (bucket === undefined) return undefined;
  const prefix = keyPrefixOf(rest);
  return prefix === undefined ? undefined : { bucket, prefix };
}

/** A list of keys is XML, which cannot hold these. */
const NOT_IN_XML = /[\uFFFE\uFFFF]/;

/** The object of an artifact key. Throws `BadArtifactKey`. */
export function objectKey({ prefix }: S3Place, key: string): string {
  checkKey(key);
  const object = prefix + key;
  if (object.length > MAX_KEY_BYTES / 3 && Buffer.byteLength(object) > MAX_KEY_BYTES)
    throw new BadArtifactKey({ key, reason: `with its prefix it is longer than ${MAX_KEY_BYTES} bytes` });
  if (NOT_IN_XML.test(object)) throw new BadArtifactKey({ key, reason: 'it holds U+FFFE or U+FFFF, which cannot be listed' });
  return object;
}

/** `s3://BUCKET/KEY`, as the tools of AWS write it: nothing in it is escaped. */
export const uriOf = ({ bucket }: S3Place, object: string): string => `s3://${bucket}/${object}`;

/** Tells this place from all others: buckets of AWS have names of their own in the world, those of other servers on their server. */
export function identityOf(place: S3Place, endpoint: string | undefined): string {
  const uri = uriOf(place, place.prefix);
  if (endpoint === undefined) return uri;
  const { host, pathname } = new URL(endpoint);
  if (/(^|\.)amazonaws\.com(\.cn)?$/.test(host)) return uri;
  return `${uri}@${host}${pathname.replace(/\/+$/, '')}`;
}
