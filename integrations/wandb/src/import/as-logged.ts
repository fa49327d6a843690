import type { ManifestEntry } from '@mortise/wandb-client';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { presentAt } from './present-at.ts';

type LocalEntry = Pick<ManifestEntry, 'digest' | 'size' | 'algorithm'> & { localPath: string };

export const FAR = 'they are not on this machine';
/** A reference to a file of the machine that logged it, which may be this one. */
export const REFERRED = 'W&B was told where they are, and not given them';
const UNREADABLE = 'they cannot be read here';
const OTHERS = 'they are others now than when they were logged';

/**
 * Why a file of an artifact cannot be taken from where it was when it was logged, in words for several; undefined if it can. W&B's client logs a file where it
 * is if it is told to, and there another may be since; and a log that came from somebody else may name any file of this machine.
 */
export async function lackOf({ localPath, ...entry }: LocalEntry, signal: AbortSignal): Promise<string | undefined> {
  try {
    const found = await presentAt(localPath);
    if (!found?.isFile()) return FAR;
    return found.size === entry.size && (await hasDigest(localPath, entry, signal)) ? undefined : OTHERS;
  } catch (error) {
    if (signal.aborted) throw error;
    // A log of another machine, or of a container, names folders of its own, such as root's.
    return UNREADABLE;
  }
}

/** Of a digest that is no MD5, as who asks for XXH128 has, nothing is known here: the size has to do. */
export function hasMd5({ algorithm = 'MD5' }: Pick<ManifestEntry, 'algorithm'>): boolean {
  return algorithm === 'MD5';
}

async function hasDigest(path: string, entry: Omit<LocalEntry, 'localPath'>, signal: AbortSignal): Promise<boolean> {
  if (!hasMd5(entry)) return true;
  const hash = createHash('md5');
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('base64') === entry.digest;
}
