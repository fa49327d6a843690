import { create } from '../create.ts';
import { GcsArtifactStoreConfig } from '../gcs-artifact-store-config.ts';
import type { GcsArtifactStore } from '../gcs-artifact-store.ts';

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };

/** A store as core makes it, with the config's defaults filled in. */
export async function openStore(config: Partial<GcsArtifactStoreConfig>, via: typeof fetch = fetch): Promise<GcsArtifactStore> {
  const parsed = Object.assign(new GcsArtifactStoreConfig(), config);
  return create({ config: parsed, name: 'team', log, fetch: via, scratch: '/nowhere', projectRoot: '/nowhere' });
}
