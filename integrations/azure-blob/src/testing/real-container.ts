import { sharedAzurite, startFaultyProxy, type FaultyProxy, type SharedAzurite } from '@mortise/test-servers';

import type { AzureBlobArtifactStore } from '../azure-blob-artifact-store.ts';
import type { AzureBlobConfig } from '../azure-blob-config.ts';
import { openStore } from './open-store.ts';

/** A container of a real server, reached through a proxy that tests break. */
export interface RealContainer {
  server: SharedAzurite;
  proxy: FaultyProxy;
  config: Partial<AzureBlobConfig>;
  open(changed?: Partial<AzureBlobConfig>): Promise<AzureBlobArtifactStore>;
  stop(): Promise<void>;
}

export async function realContainer(): Promise<RealContainer> {
  const server = await sharedAzurite();
  const proxy = await startFaultyProxy(server.url);
  const { account, accountKey } = server;
  const config = { path: `az://${server.container}/ours`, account, accountKey, accountUrl: `${proxy.url}/${account}` };
  return {
    server,
    proxy,
    config,
    open: (changed) => openStore({ ...config, ...changed }),
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}
