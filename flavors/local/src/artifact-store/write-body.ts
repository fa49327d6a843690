import { createHash, hash } from 'node:crypto';
import { writeSync } from 'node:fs';
import * as types from 'node:util/types';

import { write } from './descriptor-calls.ts';

export type Body = AsyncIterable<Uint8Array> | Uint8Array;

/** Up to this size a body is written in one synchronous call: that takes less time than to hand it to another thread. */
const SMALL_BYTES = 256 * 1024;
const BLOCK_BYTES = 1 << 20;

/** The body could not be read; `cause` is what its own code threw. */
export class BodyFailed extends Error {}

/** Writes a body to an open file and hashes it on the way. Throws the system's errors, `BodyFailed`, or the signal's reason. */
export async function writeBody(fd: number, body: Body, signal?: AbortSignal): Promise<{ size: number; sha256: string }> {
  if (isWhole(body) && body.byteLength <= SMALL_BYTES) {
    writeAllSync(fd, body);
    return { size: body.byteLength, sha256: hash('sha256', body) };
  }
  const digest = createHash('sha256');
  let size = 0;
  for await (const block of isWhole(body) ? slices(body) : blocks(body, signal)) {
    signal?.throwIfAborted();
    const writing = writeAll(fd, block);
    // Hashed while another thread writes.
    digest.update(block);
    await writing;
    size += block.byteLength;
  }
  return { size, sha256: digest.digest('hex') };
}

function isWhole(body: Body): body is Uint8Array {
  return ArrayBuffer.isView(body);
}

// The system may write less than it was asked to.
function writeAllSync(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
}

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) at += await write(fd, bytes, at);
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += BLOCK_BYTES) yield bytes.subarray(at, at + BLOCK_BYTES);
}

/** The chunks of a body, small ones gathered into blocks, since every write has its price. A block is overwritten when the next one is asked for. */
async function* blocks(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(BLOCK_BYTES);
  let used = 0;
  for await (const chunk of untilAborted(body, signal)) {
    if (!types.isUint8Array(chunk))
      throw new BodyFailed('', { cause: new TypeError(`a body must consist of Uint8Arrays, not of ${typeof chunk}s`) });
    if (used > 0 && used + chunk.byteLength > BLOCK_BYTES) {
      yield block.subarray(0, used);
      used = 0;
    }
    if (chunk.byteLength >= BLOCK_BYTES) {
      yield chunk;
    } else {
      block.set(chunk, used);
      used += chunk.byteLength;
    }
  }
  if (used > 0) yield block.subarray(0, used);
}

/** The chunks of a body until it ends or the signal is aborted, also while the body keeps us waiting. */
async function* untilAborted(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = body[Symbol.asyncIterator]();
  let giveUp: ((reason: unknown) => void) | undefined;
  const abort = (): void => giveUp?.(signal!.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      // Not by a race with one promise for all chunks, which would keep each of them until the end.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        nextOf(iterator).then(resolve, reject);
      });
      ended = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    // Not awaited: a body that hangs may never answer.
    if (!ended) iterator.return?.().catch(() => undefined);
  }
}

async function nextOf<T>(iterator: AsyncIterator<T>): Promise<IteratorResult<T>> {
  try {
    return await iterator.next();
  } catch (cause) {
    throw new BodyFailed('', { cause });
  }
}
