import type { BucketClient } from './bucket-client.ts';

const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Aborts uploads below a prefix that began more than a day ago: those of processes that were killed. Their parts are kept, and paid for, until then.
 * Gives how many. Throws `S3Failure`, the signal's reason.
 */
export async function abortLeftovers(bucket: BucketClient, prefix: string, signal: AbortSignal, now = Date.now()): Promise<number> {
  let aborted = 0;
  for await (const { key, uploadId, startedAt } of bucket.pendingUploads(prefix, signal)) {
    if (startedAt > now - ABANDONED_MS) continue;
    await bucket.abortUpload(key, uploadId, signal);
    aborted++;
  }
  return aborted;
}
