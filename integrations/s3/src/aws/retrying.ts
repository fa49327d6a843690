import { pause } from '@mortise/object-storage';

import { isS3Failure, type S3Failure } from '../s3-failure.ts';

/** About 6 s of pauses. */
export const TRIES = 6;
/** A server that says nothing costs the time limit each time. */
const SILENT_TRIES = 3;
/** The clock is set right by the first answer. */
const CLOCK_TRIES = 2;
/** Servers whose keys are paths take a folder away with its last object: what is put there then meets a folder that just goes. */
const FOLDER_TRIES = 5;
const FOLDER_PAUSE_MS = 25;

export interface Retries {
  signal: AbortSignal | undefined;
  /** At most so many, default 6. */
  tries?: number;
}

/**
 * Calls again what failed with something that may pass. When it fails for good, the failure says in `maybeDone` whether one of the tries may have been
 * carried out all the same.
 */
export async function retrying<T>(call: () => Promise<T>, { signal, tries = TRIES }: Retries): Promise<T> {
  let maybeDone = false;
  for (let number = 1; ; number++) {
    try {
      return await call();
    } catch (error) {
      if (!isS3Failure(error)) throw error;
      maybeDone ||= isAnswerLost(error);
      if (number >= triesFor(error, tries)) {
        error.maybeDone = maybeDone;
        throw error;
      }
      await pause(number, signal, error.kind === 'folder' ? FOLDER_PAUSE_MS : undefined);
    }
  }
}

function triesFor({ kind, passing }: S3Failure, most: number): number {
  if (kind === 'clock') return CLOCK_TRIES;
  if (kind === 'folder') return FOLDER_TRIES;
  if (kind === 'timeout') return Math.min(SILENT_TRIES, most);
  return passing ? most : 1;
}

/** A 5xx may come from a proxy that lost the answer of the server behind it. */
const isAnswerLost = ({ kind }: S3Failure): boolean => kind === 'timeout' || kind === 'cut' || kind === 'busy';
