import { pause } from '@mortise/object-storage';

import { isGcsFailure } from './gcs-failure.ts';

/** About 6 s of pauses. */
const TRIES = 6;
/** A server that says nothing costs the time limit each time. */
const SILENT_TRIES = 3;

/**
 * Calls again what failed with something that may pass. When it fails for good, the failure says in `maybeDone` whether one of the tries may have been
 * carried out all the same.
 */
export async function retrying<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let maybeDone = false;
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!isGcsFailure(error)) throw error;
      // A 5xx may come from a proxy that lost the answer of the server behind it.
      maybeDone ||= isGcsFailure(error, 'timeout', 'cut', 'busy');
      if (!error.passing || tries >= (error.kind === 'timeout' ? SILENT_TRIES : TRIES)) {
        error.maybeDone = maybeDone;
        throw error;
      }
      await pause(tries, signal);
    }
  }
}
