import type { Logger } from '@mortise/core';

import { S3ArtifactStore } from '../s3-artifact-store.ts';
import type { MemoryBucketClient } from './memory-bucket.ts';

const quiet = (): void => undefined;
export const silent: Logger = { debug: quiet, info: quiet, warn: quiet };

/** A store in a bucket in memory, with parts of 1000 bytes, so that most bodies are uploads in parts. */
export function memoryStore(
  client: MemoryBucketClient,
  { prefix = 'ours/', log = silent }: { prefix?: string; log?: Logger } = {},
): S3ArtifactStore {
  const place = { bucket: 'bucket', prefix };
  return new S3ArtifactStore(client, {
    name: 'team',
    id: `s3://bucket/${prefix}`,
    place,
    partSize: 1_000,
    maxConcurrency: 4,
    log,
  });
}
