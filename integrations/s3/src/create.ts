import type { ComponentContext } from '@mortise/core';

import type { S3ArtifactStoreConfig } from './s3-artifact-store-config.ts';
import { S3ArtifactStore } from './s3-artifact-store.ts';
import { identityOf, placeIn } from './s3-place.ts';

/** Makes the store; asks the server for nothing. */
export async function create({ config, name, log }: ComponentContext): Promise<S3ArtifactStore> {
  const parsed = config as S3ArtifactStoreConfig;
  const { path, endpoint, partSize, maxConcurrency } = parsed;
  const place = placeIn(path)!;
  const { AwsBucketClient } = await import('./aws/aws-bucket-client.ts');
  const bucket = new AwsBucketClient(place.bucket, parsed);
  return new S3ArtifactStore(bucket, { name, id: identityOf(place, endpoint), place, partSize, maxConcurrency, log });
}
