import { createHash } from 'node:crypto';

import type { ArtifactStore, ComponentContext } from '@mortise/core';

import { peakMemory } from '../../../../core/src/testing/peak-memory.ts';
import { randomBody } from './bytes.ts';

interface Moved {
  size: number;
  sha256: string;
}

/** What `transferObject` prints. */
export interface Transferred {
  written: Moved;
  read: Moved;
  /** The most that the process had, bytes. */
  peak: number;
}

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };

/** All of the script that `memoryOfTransfer` starts: puts and gets an object of random bytes, in a store with the config that it was given. */
export async function transferObject<Config>(
  create: (context: ComponentContext<Config>) => Promise<ArtifactStore>,
  defaults: Partial<Config>,
): Promise<void> {
  const [config, key, size] = JSON.parse(process.argv[2]!) as [Config, string, number];
  const store = await create({
    config: { ...defaults, ...config },
    name: 'team',
    log,
    fetch,
    scratch: '/nowhere',
    projectRoot: '/nowhere',
  });
  const written = await store.put(key, randomBody(size));
  const digest = createHash('sha256');
  let read = 0;
  for await (const chunk of store.get(key)) {
    digest.update(chunk);
    read += chunk.byteLength;
  }
  await store[Symbol.asyncDispose]?.();
  const transferred: Transferred = { written, read: { size: read, sha256: digest.digest('hex') }, peak: peakMemory() };
  console.log(JSON.stringify(transferred));
}
