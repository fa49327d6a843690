import { pause } from './pause.ts';
import { isStorageFailure } from './storage-failure.ts';

/** Connections that may end one after the other without having brought a byte. */
const MAX_FRUITLESS = 5;

export interface ReadRange {
  /** First byte. */
  from: number;
  /** Behind the last byte; undefined for the end. */
  to: number | undefined;
  signal?: AbortSignal;
}

/** A part of an object that is being read. */
export interface OpenPart {
  /** Bytes. */
  size: number;
  /** Throws a `StorageFailure` when it is cut off. */
  body: AsyncIterable<Uint8Array>;
}

/**
 * The bytes of an object. A download that is cut off goes on where it was.
 * @param open gives the part from `at` on, of the same object as `first` was, or undefined if the range begins behind the end
 * @param cut makes the failure of a download that ended too early
 * @throws what `open` does, a `StorageFailure`, or the signal's reason
 */
export async function* readResumed<Part extends OpenPart>(
  { from, signal }: ReadRange,
  open: (at: number, first: Part | undefined) => Promise<Part | undefined>,
  cut: (message: string) => Error,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = from;
  let first: Part | undefined;
  for (let fruitless = 0; ;) {
    const opened = await open(at, first);
    if (opened === undefined) return;
    first ??= opened;
    const end = from + first.size;
    try {
      for await (const chunk of opened.body) {
        at += chunk.byteLength;
        fruitless = 0;
        yield chunk;
      }
      if (at >= end) return;
      throw cut(`the connection ended after ${at - from} of ${first.size} bytes`);
    } catch (error) {
      if (!isStorageFailure(error, 'cut', 'timeout', 'unreachable')) throw error;
      if (at >= end) return;
      if (++fruitless > MAX_FRUITLESS) throw error;
      await pause(fruitless, signal);
    }
  }
}
