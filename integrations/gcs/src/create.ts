import { resolve } from 'node:path';

import type { ComponentContext } from '@mortise/core';

import { Access } from './access.ts';
import type { GcsArtifactStoreConfig } from './gcs-artifact-store-config.ts';
import { GcsArtifactStore } from './gcs-artifact-store.ts';
import { GcsClient } from './gcs-client.ts';
import { identityOf, placeIn } from './gcs-place.ts';

/** Makes the store; asks the server for nothing. */
export async function create({ config, name, fetch, projectRoot }: ComponentContext): Promise<GcsArtifactStore> {
  const parsed = config as GcsArtifactStoreConfig;
  const { path, endpoint, keyFile, timeoutMs, partSize, storageClass, kmsKeyName } = parsed;
  const place = placeIn(path)!;
  const access = new Access({ ...parsed, ...(keyFile !== undefined && { keyFile: resolve(projectRoot, keyFile) }) });
  const client = new GcsClient(access, { bucket: place.bucket, endpoint, fetch, timeoutMs });
  return new GcsArtifactStore(client, access, {
    name,
    id: identityOf(place, endpoint),
    place,
    put: { partSize, storageClass, kmsKeyName },
  });
}
