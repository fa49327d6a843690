import { sharedGcs, startFaultyProxy, type FaultyProxy, type SharedGcs } from '@mortise/test-servers';

import type { GcsArtifactStoreConfig } from '../gcs-artifact-store-config.ts';
import type { GcsArtifactStore } from '../gcs-artifact-store.ts';
import { openStore } from './open-store.ts';

/** A bucket of a real server, and a network to it that can be broken. */
export interface RealBucket {
  server: SharedGcs;
  proxy: FaultyProxy;
  /** Of a store that goes through the proxy. */
  config: Partial<GcsArtifactStoreConfig> & { path: string; endpoint: string };
  open(config?: Partial<GcsArtifactStoreConfig>): Promise<GcsArtifactStore>;
  stop(): Promise<void>;
}

export async function realBucket(): Promise<RealBucket> {
  const server = await sharedGcs();
  const proxy = await startFaultyProxy(server.url);
  const config = { path: `gs://${server.bucket}/ours`, endpoint: proxy.url, timeoutMs: 20_000 };
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
