import { readResumed, type ReadRange } from '@mortise/object-storage';

import type { GcsClient, OpenObject } from './gcs-client.ts';
import { GcsFailure, isGcsFailure } from './gcs-failure.ts';

/**
 * The bytes of an object. A download that is cut off goes on where it was, as long as the object is the same one.
 * Throws `GcsFailure` or the signal's reason.
 */
export function readObject(
  client: GcsClient,
  object: string,
  range: ReadRange & { signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  return readResumed<OpenObject>(
    range,
    (from, first) => open(client, object, { ...range, from }, first?.generation),
    (message) => new GcsFailure('cut', message),
  );
}

/** Undefined if the range begins behind the end. */
async function open(
  client: GcsClient,
  object: string,
  range: ReadRange & { signal: AbortSignal },
  generation: string | undefined,
): Promise<OpenObject | undefined> {
  try {
    return await client.open(object, { ...range, generation });
  } catch (error) {
    if (generation === undefined && isGcsFailure(error, 'bad-range')) return undefined;
    if (generation !== undefined && isGcsFailure(error, 'not-found', 'bad-range'))
      throw new GcsFailure('refused', 'it was replaced or deleted while it was read');
    await client.unlessMissing(error, range.signal);
    throw error;
  }
}
