import { createHash, hash, randomUUID } from 'node:crypto';

import type { PutOptions } from '@mortise/core';

import type { BlobContainer } from './blob-container.ts';
import { BlobFailure, isBlobFailure } from './blob-failure.ts';
import { blocksOf, type Body } from './body-chunks.ts';

/** Azure knows no blob of more. */
const MAX_BLOCKS = 50_000;
const MEBIBYTE = 1024 * 1024;
/** How long we ask whether the blob is there after all, ms. */
const CONFIRM_MS = 2_000;

export interface PutSettings {
  /** Bytes of a block. */
  partSize: number;
  /** Blocks of one upload that are on their way at once. */
  maxConcurrency: number;
}

export interface Written {
  size: number;
  sha256: string;
}

/** One put under way. */
interface Put {
  container: BlobContainer;
  name: string;
  options: PutOptions;
  /** Of this put and no other: kept with the blob. */
  mark: string;
  /** Ends all of it; `signal` is aborted by this or by the caller. */
  stop: AbortController;
  signal: AbortSignal;
  /** Blocks that are not needed any more. */
  free: Uint8Array[];
}

/** `partSize`, or more where Azure would not take so many blocks of a body of `size` bytes. */
export function blockSizeFor(size: number | undefined, partSize: number): number {
  if (size === undefined || size <= MAX_BLOCKS * partSize) return partSize;
  return Math.ceil(size / MAX_BLOCKS / MEBIBYTE) * MEBIBYTE;
}

/**
 * Puts a body as one blob: what fits into one block whole, anything longer in blocks, which appear when the list of them is committed.
 * Not by the SDK's `uploadStream`: it does not hand its signal on to the blocks, and keeps the chunks that it is given, which a body may use again.
 * Throws `BlobFailure`, what the body throws, or the signal's reason.
 */
export async function putBlob(
  container: BlobContainer,
  name: string,
  body: Body,
  options: PutOptions,
  settings: PutSettings,
): Promise<Written> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const put: Put = { container, name, options, mark: randomUUID(), stop, signal, free: [] };
  const size = ArrayBuffer.isView(body) ? body.byteLength : options.size;
  const blocks = blocksOf(body, { blockSize: blockSizeFor(size, settings.partSize), size, signal, free: put.free });
  try {
    const first = (await blocks.next()).value!;
    const second = await blocks.next();
    return second.done === true ? await putWhole(put, first) : await putInBlocks(put, [first, second.value], blocks, settings);
  } finally {
    await blocks.return();
  }
}

async function putWhole(put: Put, bytes: Uint8Array): Promise<Written> {
  const { container, name, options, mark, signal } = put;
  checkSize(options, bytes.byteLength);
  signal.throwIfAborted();
  try {
    const send = (abortSignal: AbortSignal): Promise<object> =>
      container.blob(name).upload(bytes, bytes.byteLength, {
        ...container.stored(mark, options.type),
        ...condition(options),
        ...checked(bytes),
        abortSignal,
      });
    await publish(put, send, bytes.byteLength);
  } catch (error) {
    if (!isBlobFailure(error, 'unseen')) throw error;
    // Blocks that somebody else never committed can be in the way of a blob that is sent whole, but not of one that is committed.
    return putInBlocks(put, bytes.byteLength === 0 ? [] : [bytes], none(), { maxConcurrency: 1 });
  }
  return { size: bytes.byteLength, sha256: hash('sha256', bytes) };
}

/** Of blocks. */
async function* none(): AsyncGenerator<Uint8Array> {}

async function putInBlocks(
  put: Put,
  first: Uint8Array[],
  others: AsyncIterable<Uint8Array>,
  settings: Pick<PutSettings, 'maxConcurrency'>,
): Promise<Written> {
  const { container, name, options, mark, stop, signal, free } = put;
  const blob = container.blob(name);
  const digest = createHash('sha256');
  const ids: string[] = [];
  const underWay = new Set<Promise<void>>();
  let size = 0;
  const send = async (block: Uint8Array): Promise<void> => {
    signal.throwIfAborted();
    // All ids of a blob's blocks must be of one length, also those of other writers.
    const id = Buffer.from(`${mark}${String(ids.length).padStart(6, '0')}`).toString('base64');
    ids.push(id);
    const sending: Promise<void> = container
      .ask(signal, (abortSignal) => blob.stageBlock(id, block, block.byteLength, { ...checked(block), abortSignal }), block.byteLength)
      .then(
        () => undefined,
        (error: unknown) => stop.abort(error),
      )
      .finally(() => {
        underWay.delete(sending);
        if (block.byteLength === first[0]?.byteLength) free.push(block);
      });
    underWay.add(sending);
    digest.update(block);
    size += block.byteLength;
    if (options.size !== undefined && size > options.size) checkSize(options, size);
    if (underWay.size >= settings.maxConcurrency) await Promise.race(underWay);
  };
  try {
    for (const block of first) await send(block);
    for await (const block of others) await send(block);
    await Promise.all(underWay);
    signal.throwIfAborted();
    checkSize(options, size);
    await publish(put, (abortSignal) =>
      blob.commitBlockList(ids, { ...container.stored(mark, options.type), ...condition(options), abortSignal }),
    );
    return { size, sha256: digest.digest('hex') };
  } catch (error) {
    // Blocks that were not committed are seen by nobody, cannot be deleted, and are dropped by Azure after a week.
    stop.abort(error);
    await Promise.all(underWay);
    throw error;
  }
}

const condition = ({ createOnly }: PutOptions) => (createOnly === true ? { conditions: { ifNoneMatch: '*' } } : {});

/** The server refuses other bytes. */
const checked = (bytes: Uint8Array) => ({ transactionalContentMD5: hash('md5', bytes, 'buffer') });

function checkSize({ size }: PutOptions, found: number): void {
  if (size === undefined || size === found) return;
  throw new BlobFailure(
    'refused',
    `the body has ${found > size ? 'more than ' : ''}${Math.min(size, found)} bytes where ${size} were announced`,
  );
}

/**
 * Sends the request with which the blob appears. When its answer was lost, the SDK's next try meets the blob that the first one made: its mark tells it
 * from somebody else's. `bytes`: of the request's body.
 */
async function publish(
  { container, name, mark, options, signal }: Put,
  send: (abortSignal: AbortSignal) => Promise<object>,
  bytes = 0,
): Promise<void> {
  try {
    await container.ask(signal, send, bytes);
  } catch (error) {
    if (!isBlobFailure(error, 'exists', 'leased', 'lost-blocks', 'cut', 'timeout', 'unreachable', 'busy')) throw error;
    const answered = isBlobFailure(error, 'exists', 'leased', 'lost-blocks');
    // A server that just did not answer is not waited for again.
    const patience = answered ? signal : AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_MS)]);
    const there = await container.head(name, patience).catch((unknown: unknown) => {
      signal.throwIfAborted();
      // Whether it is ours cannot be told: nobody shall hear that somebody else won.
      throw answered ? unknown : error;
    });
    if (there?.mark === mark) return;
    if (there !== undefined && options.createOnly === true && isBlobFailure(error, 'leased', 'lost-blocks'))
      throw new BlobFailure('exists', 'another writer was faster');
    if (there === undefined && isBlobFailure(error, 'exists'))
      throw new BlobFailure('unseen', `${container.asked.host} says that there is such a blob, and shows none`);
    throw error;
  }
}
