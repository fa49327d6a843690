import { BadArtifactKey, checkKey } from '@mortise/core';
import { keyPrefixOf } from '@mortise/object-storage';

/** Of Azure, in UTF-16 units. */
const MAX_NAME_LENGTH = 1024;
const PATH = /^az:\/\/([a-z0-9](?:-?[a-z0-9]){2,62})(?:\/(.*))?$/;

/** A container, and what the names of blobs in it begin with: nothing, or something that ends with `/`. */
export interface BlobPlace {
  container: string;
  prefix: string;
}

/** The place in `az://CONTAINER/PREFIX`; undefined when that is none. */
export function placeIn(path: string): BlobPlace | undefined {
  const [, container, rest = ''] = PATH.exec(path) ?? [];
  if (container === undefined || container.length > 63) return undefined;
  const prefix = keyPrefixOf(rest);
  return prefix === undefined ? undefined : { container, prefix };
}

/** The blob's name of an artifact key. Throws `BadArtifactKey`. */
export function blobName({ prefix }: BlobPlace, key: string): string {
  checkKey(key);
  const name = prefix + key;
  if (name.length > MAX_NAME_LENGTH)
    throw new BadArtifactKey({ key, reason: `with its prefix it is longer than ${MAX_NAME_LENGTH} characters` });
  return name;
}

/** `az://CONTAINER/NAME`; nothing in it is escaped. */
export const uriOf = ({ container }: BlobPlace, name: string): string => `az://${container}/${name}`;

/** Tells this place from all others: containers have names of their own in their account, whose URL has no name of a user and no query. */
export function identityOf(place: BlobPlace, accountUrl: string): string {
  const { host, pathname } = new URL(accountUrl);
  return `${uriOf(place, place.prefix)}@${host}${pathname.replace(/\/+$/, '')}`;
}
