import type { ComponentContext } from '@mortise/core';

import { accessOf, type Access } from './access.ts';
import { AzureBlobArtifactStore } from './azure-blob-artifact-store.ts';
import type { AzureBlobConfig } from './azure-blob-config.ts';
import { placeIn } from './blob-place.ts';
import { explained } from './explain.ts';

/** Makes the store; asks the server for nothing. */
export async function create({ config, name }: ComponentContext): Promise<AzureBlobArtifactStore> {
  const { path, partSize, maxConcurrency, timeoutMs, ...account } = config as AzureBlobConfig;
  const place = placeIn(path)!;
  const access = read(account, name);
  const { BlobContainer } = await import('./blob-container.ts');
  const container = await BlobContainer.open(place.container, access, { store: name, timeoutMs });
  return new AzureBlobArtifactStore(container, { name, place, access, put: { partSize, maxConcurrency } });
}

function read(account: Partial<AzureBlobConfig>, store: string): Access {
  try {
    return accessOf(account);
  } catch (error) {
    throw explained({ store, by: 'connectionString', doing: 'to read its config' }, error);
  }
}
