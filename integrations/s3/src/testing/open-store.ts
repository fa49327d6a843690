import type { Logger } from '@mortise/core';

import { create } from '../create.ts';
import { S3ArtifactStoreConfig } from '../s3-artifact-store-config.ts';
import type { S3ArtifactStore } from '../s3-artifact-store.ts';

const quiet = (): void => undefined;

/** A store as core makes it, with the config's defaults filled in. */
export async function openStore(
  config: Partial<S3ArtifactStoreConfig>,
  log: Logger = { debug: quiet, info: quiet, warn: quiet },
): Promise<S3ArtifactStore> {
  const parsed = Object.assign(new S3ArtifactStoreConfig(), config);
  return create({ config: parsed, name: 'team', log, fetch, scratch: '/nowhere', projectRoot: '/nowhere' });
}
