import type { Deadline } from './deadline.ts';

/** A body that is sent while it is read. */
export interface StreamedBody {
  chunks: AsyncIterable<Uint8Array>;
  /** What the body's own source failed with: an error of the caller's, not of the connection. */
  failed?: { error: unknown };
}

/** A body that is asked for its bytes while it is sent; each chunk is progress, and the time its source takes is not the server's. */
export function streamedBody(body: AsyncIterable<Uint8Array>, deadline: Deadline): StreamedBody {
  const streamed: StreamedBody = { chunks: chunks() };
  return streamed;

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    let isGiven = false;
    deadline.pause();
    try {
      for await (const chunk of body) {
        deadline.renew();
        isGiven = true;
        yield chunk;
        isGiven = false;
        deadline.pause();
      }
    } catch (error) {
      // Who breaks off while it has a chunk throws its own error in here.
      if (!isGiven) streamed.failed = { error };
      throw error;
    } finally {
      deadline.renew();
    }
  }
}
