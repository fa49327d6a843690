import type { Put } from './put.ts';
import { isS3Failure, S3Failure } from './s3-failure.ts';

/** How long we ask whether the object is there after all, ms. */
const CONFIRM_MS = 2_000;

/**
 * Sends the request with which the object appears. When its answer was lost, the next try may meet the object that the first one made: its mark tells it
 * from somebody else's.
 */
export async function publish(
  { bucket, key, mark, options, signal }: Put,
  send: (condition: { createOnly?: boolean }) => Promise<void>,
): Promise<void> {
  try {
    await send(options.createOnly === true ? { createOnly: true } : {});
  } catch (error) {
    if (!isS3Failure(error) || !(error.maybeDone || error.kind === 'conflict')) throw error;
    // A server that just did not answer is not waited for again.
    const patience = error.kind === 'exists' ? signal : AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]);
    const there = await bucket.head(key, patience).catch((unknown: unknown) => {
      signal.throwIfAborted();
      // Whether it is ours cannot be told: nobody shall hear that somebody else won.
      throw error.kind === 'exists' ? unknown : error;
    });
    if (there?.mark === mark) return;
    if (there !== undefined && options.createOnly === true && error.kind === 'conflict')
      throw new S3Failure('exists', 'another writer was faster');
    throw error;
  }
}
