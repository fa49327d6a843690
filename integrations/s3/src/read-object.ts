import { readResumed, type ReadRange } from '@mortise/object-storage';

import type { BucketClient, OpenObject } from './bucket-client.ts';
import { isS3Failure, S3Failure } from './s3-failure.ts';

/**
 * The bytes of an object. A download that is cut off goes on where it was, as long as the object is the same one.
 * Throws `S3Failure` or the signal's reason.
 */
export function readObject(bucket: BucketClient, key: string, range: ReadRange): AsyncGenerator<Uint8Array, void, undefined> {
  return readResumed<OpenObject>(
    range,
    (from, first) => open(bucket, key, { ...range, from }, first?.etag),
    (message) => new S3Failure('cut', message),
  );
}

/** Undefined if the range begins behind the end. */
async function open(
  bucket: BucketClient,
  key: string,
  { from, to, signal }: ReadRange,
  etag: string | undefined,
): Promise<OpenObject | undefined> {
  try {
    return await bucket.get(key, {
      from,
      ...(to !== undefined && { to }),
      ...(etag !== undefined && { etag }),
      ...(signal !== undefined && { signal }),
    });
  } catch (error) {
    if (etag === undefined && isS3Failure(error, 'bad-range')) return undefined;
    if (isS3Failure(error, 'changed')) throw new S3Failure('refused', 'it was replaced while it was read');
    throw error;
  }
}
