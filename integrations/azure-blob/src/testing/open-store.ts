import type { AzureBlobArtifactStore } from '../azure-blob-artifact-store.ts';
import { AzureBlobConfig } from '../azure-blob-config.ts';
import { create } from '../create.ts';

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet };

/** A store as core makes it, with the config's defaults filled in. */
export async function openStore(config: Partial<AzureBlobConfig>): Promise<AzureBlobArtifactStore> {
  const parsed = Object.assign(new AzureBlobConfig(), config);
  return create({ config: parsed, name: 'team', log, fetch, scratch: '/nowhere', projectRoot: '/nowhere' });
}
