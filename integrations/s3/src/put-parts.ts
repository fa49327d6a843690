import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Background } from './background.ts';
import type { Part } from './bucket-client.ts';
import type { PartSource, SentPart } from './part-source.ts';
import { publish } from './publish.ts';
import { checkSize, type Put, type PutContext, type Written } from './put.ts';
import { untilAborted } from './until-aborted.ts';

/** How long we try to take an upload away that failed, ms: what is left is aborted a day later. */
const REMOVE_MS = 5_000;
/** Pauses before an upload whose parts were cut off is aborted again, ms. */
const ABORT_AGAIN_MS = [100, 400];

/** Puts an object by an upload in parts, which is taken away when it fails. */
export async function putParts(
  put: Put,
  source: PartSource,
  first: SentPart,
  { maxConcurrency, background }: PutContext,
): Promise<Written> {
  const { bucket, key, options, stop, signal } = put;
  const uploadId = await startUpload(put, background);
  const digest = createHash('sha256');
  const parts: Part[] = [];
  const underWay = new Set<Promise<void>>();
  let size = 0;
  let cutOff = false;
  const send = (number: number, bytes: Uint8Array): void => {
    const sending = bucket
      .putPart(key, uploadId, number, bytes, signal)
      .then(
        (part) => {
          parts[number - 1] = part;
          source.release(bytes);
        },
        (error: unknown) => {
          cutOff = true;
          stop.abort(error);
        },
      )
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  };
  try {
    for (let part = first, number = 1; ; number++, part = await source.next()) {
      // Of a body that is there as a whole, nothing else ends it, and the rest would be hashed for nobody.
      signal.throwIfAborted();
      send(number, part.bytes);
      digest.update(part.bytes);
      size += part.bytes.byteLength;
      if (part.isLast) break;
      if (options.size !== undefined && size > options.size) checkSize(put, size);
      if (underWay.size >= maxConcurrency) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    signal.throwIfAborted();
    checkSize(put, size);
    await publish(put, (condition) => bucket.completeUpload(key, uploadId, parts, { ...condition, signal }));
    return { size, sha256: digest.digest('hex'), inParts: true };
  } catch (error) {
    stop.abort(error);
    const removal = Promise.all(underWay).then(() => removeUpload(put, uploadId, cutOff));
    background.add(removal);
    // Who stopped the put does not wait for it.
    await untilAborted(removal, options.signal).catch(() => undefined);
    throw error;
  }
}

/** Gives the id. When the put is stopped meanwhile, the upload may begin all the same, and is taken away then. */
async function startUpload(put: Put, background: Background): Promise<string> {
  const { bucket, key, mark, options, signal } = put;
  const starting = bucket.startUpload(key, { mark, signal, ...(options.type !== undefined && { type: options.type }) });
  try {
    return await untilAborted(starting, signal);
  } catch (error) {
    background.add(
      starting.then(
        (uploadId) => removeUpload(put, uploadId, false),
        () => undefined,
      ),
    );
    throw error;
  }
}

/** A part that was cut off may still arrive at the server after the upload was aborted, and brings it back: as S3 advises, it is aborted again then. */
async function removeUpload({ bucket, key }: Put, uploadId: string, cutOff: boolean): Promise<void> {
  const end = AbortSignal.timeout(REMOVE_MS);
  for (const waitMs of cutOff ? [0, ...ABORT_AGAIN_MS] : [0]) {
    if (waitMs > 0) await delay(waitMs);
    try {
      await bucket.abortUpload(key, uploadId, end);
    } catch {
      // Aborted a day later, with what else was left.
      return;
    }
  }
}
