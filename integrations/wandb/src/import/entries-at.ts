import type { ManifestEntry } from '@mortise/wandb-client';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

import { presentAt } from './present-at.ts';

/** Of one file's line in such a list, characters. */
const LONGEST_LINE = 1_000_000;

/**
 * The files of an artifact that has so many, above 100,000, that W&B's client lists them in a file of their own: a line of JSON each, zipped. Undefined if that
 * cannot be read, as on another machine.
 */
export async function entriesAt(path: string, signal: AbortSignal): Promise<ManifestEntry[] | undefined> {
  try {
    if (!(await presentAt(path))?.isFile()) return undefined;
    const entries: ManifestEntry[] = [];
    const take = async (text: AsyncIterable<string>): Promise<void> => {
      for await (const line of linesOf(text)) entries.push(entryOf(line));
    };
    await pipeline(createReadStream(path), createGunzip().setEncoding('utf8'), take, { signal });
    return entries;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop()!;
    if (rest.length > LONGEST_LINE) throw new Error('it is no list of files');
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function entryOf(line: string): ManifestEntry {
  const { path, digest, size, ref, local_path: localPath, extra } = JSON.parse(line) as Record<string, unknown>;
  if (typeof path !== 'string' || typeof digest !== 'string') throw new Error('it is no list of files');
  const { alg: algorithm } = (extra ?? {}) as Record<string, unknown>;
  return {
    ...{ path, digest, size: typeof size === 'number' ? size : 0 },
    ...(typeof localPath === 'string' && { localPath }),
    ...(typeof ref === 'string' && { ref }),
    ...(typeof algorithm === 'string' && { algorithm }),
  };
}
