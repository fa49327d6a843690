import { setTimeout as delay } from 'node:timers/promises';

import type { BlobContainer } from './blob-container.ts';
import { BlobFailure, isBlobFailure } from './blob-failure.ts';
import type { Patience } from './patience.ts';

/** Connections that may end one after the other without having brought a byte. */
const MAX_FRUITLESS = 5;
const FIRST_PAUSE_MS = 200;

export interface ReadRange {
  /** First byte. */
  from: number;
  /** Behind the last byte; undefined for the end. */
  to: number | undefined;
  signal: AbortSignal | undefined;
}

/**
 * The bytes of a blob. A download that is cut off or falls silent goes on where it was, as long as the blob is the same one. The SDK's own does not: with
 * this Node, a cut connection ends its stream as if we had aborted it. Throws `BlobFailure` or the signal's reason.
 */
export async function* readBlob(
  container: BlobContainer,
  name: string,
  { from, to, signal }: ReadRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  let first: OpenBlob | undefined;
  for (let fruitless = 0; ;) {
    const patience = container.patience(signal);
    try {
      const opened = await open(container, name, { at, to, etag: first?.etag, patience });
      if (opened === undefined) return;
      first ??= opened;
      for await (const chunk of opened.body) {
        patience.end();
        at += chunk.byteLength;
        fruitless = 0;
        yield chunk;
        patience.begin();
      }
      return;
    } catch (thrown) {
      if (first !== undefined && at >= from + first.size) return;
      const error = container.failure(thrown, patience);
      // What could not be opened was tried several times by the SDK.
      const wasCut = isBlobFailure(error, 'cut', 'timeout') && thrown !== error;
      if (!wasCut || ++fruitless > MAX_FRUITLESS) throw error;
    } finally {
      patience.end();
    }
    // By chance up to half of it less, so that many who failed together do not come back together.
    const most = FIRST_PAUSE_MS * 2 ** (fruitless - 1);
    await delay(most * (1 - Math.random() / 2), undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
  }
}

interface OpenBlob {
  etag: string;
  /** Bytes of the part that was asked for. */
  size: number;
  /** Ends with an error when it is cut off. */
  body: AsyncIterable<Buffer>;
}

/** Undefined if the range begins behind the end. */
async function open(
  container: BlobContainer,
  name: string,
  { at, to, etag, patience }: { at: number; to: number | undefined; etag: string | undefined; patience: Patience },
): Promise<OpenBlob | undefined> {
  patience.begin();
  try {
    const count = to === undefined ? undefined : to - at;
    const conditions = etag === undefined ? {} : { ifMatch: etag };
    const answer = await container.blob(name).download(at, count, { conditions, maxRetryRequests: 0, abortSignal: patience.signal });
    if (answer.requestId === undefined) throw container.notAzure();
    return { etag: answer.etag!, size: answer.contentLength!, body: answer.readableStreamBody as unknown as AsyncIterable<Buffer> };
  } catch (thrown) {
    const error = container.failure(thrown, patience);
    if (etag === undefined && error.kind === 'bad-range') return undefined;
    if (etag !== undefined && error.kind === 'exists') throw new BlobFailure('refused', 'it was replaced while it was read');
    throw error;
  }
}
