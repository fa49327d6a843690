import { hash, randomUUID } from 'node:crypto';

import type { PutOptions } from '@mortise/core';

import type { Body } from './body-reader.ts';
import type { BucketClient } from './bucket-client.ts';
import { partSource } from './part-source.ts';
import { publish } from './publish.ts';
import { putParts } from './put-parts.ts';
import { checkSize, type Put, type PutContext, type Written } from './put.ts';

/**
 * Puts a body as one object: what fits into one part whole, anything longer as an upload in parts, of which `maxConcurrency` + 1 are in memory.
 * Not by `Upload` of @aws-sdk/lib-storage: it keeps the chunks that it is given (a body may use them again), waits for a body that hangs when it is
 * aborted, and so leaves the upload there, and cannot tell our own object from another's when the answer to a create-only request was lost.
 * Throws `S3Failure`, `BodyFailed`, or, as soon as the signal is aborted, its reason.
 */
export async function putBody(bucket: BucketClient, key: string, body: Body, options: PutOptions, context: PutContext): Promise<Written> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const { partSize, memory } = context;
  const source = partSource(body, { partSize, memory, size: options.size, signal });
  const put: Put = { bucket, key, options, mark: randomUUID(), stop, signal };
  try {
    const first = await source.next();
    if (!first.isLast) return await putParts(put, source, first, context);
    const written = await putWhole(put, first.bytes);
    source.release(first.bytes);
    return written;
  } finally {
    source.close();
  }
}

async function putWhole(put: Put, bytes: Uint8Array): Promise<Written> {
  const { bucket, key, mark, options, signal } = put;
  checkSize(put, bytes.byteLength);
  signal.throwIfAborted();
  const sha256 = hash('sha256', bytes);
  const type = options.type === undefined ? {} : { type: options.type };
  await publish(put, (condition) => bucket.put(key, bytes, { ...condition, ...type, sha256, mark, signal }));
  return { size: bytes.byteLength, sha256, inParts: false };
}
