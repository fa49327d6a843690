import type { Put } from './put.ts';
import { isS3Failure, S3Failure } from './s3-failure.ts';

/** How long we ask whether the object is there after all, ms. */
const CONFIRM_MS = 2_000;

/**
 * Sends the request with which the object appears. When its answer was lost, the next try may meet the object that the first one made: its mark tells it
 * from somebody else's. An upload that is not there any more was completed, or given up by the server after another writer's object came.
 */
export async function publish(
  { bucket, key, mark, options, signal }: Put,
  send: (condition: { createOnly?: boolean }) => Promise<void>,
): Promise<void> {
  try {
    await send(options.createOnly === true ? { createOnly: true } : {});
  } catch (error) {
    if (!isS3Failure(error) || !(error.maybeDone || isS3Failure(error, 'conflict', 'no-upload'))) throw error;
    // A server that just did not answer is not waited for again.
    const answered = isS3Failure(error, 'exists', 'no-upload');
    const patience = answered ? signal : AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]);
    const there = await bucket.head(key, patience).catch((unknown: unknown) => {
      signal.throwIfAborted();
      // Whether it is ours cannot be told: nobody shall hear that somebody else won.
      throw error.kind === 'exists' ? unknown : error;
    });
    if (there?.mark === mark) return;
    if (there !== undefined && options.createOnly === true && isS3Failure(error, 'conflict', 'no-upload'))
      throw new S3Failure('exists', 'another writer was faster');
    throw error;
  }
}
