import { sharedS3, startFaultyProxy, type FaultyProxy, type SharedS3 } from '@mortise/test-servers';

import { AwsBucketClient } from '../aws/aws-bucket-client.ts';
import type { PendingUpload } from '../bucket-client.ts';
import type { S3ArtifactStoreConfig } from '../s3-artifact-store-config.ts';
import type { S3ArtifactStore } from '../s3-artifact-store.ts';
import { openStore } from './open-store.ts';

/** A bucket of a real server, and a network to it that can be broken. */
export interface RealBucket {
  server: SharedS3;
  proxy: FaultyProxy;
  /** Of a store that goes through the proxy. */
  config: Partial<S3ArtifactStoreConfig> & { path: string; endpoint: string; key: string; secret: string };
  open(config?: Partial<S3ArtifactStoreConfig>): Promise<S3ArtifactStore>;
  /** Uploads in the bucket that were neither completed nor aborted. */
  pending(): Promise<PendingUpload[]>;
  /** Asks the server itself. */
  client(): AwsBucketClient;
  stop(): Promise<void>;
}

export async function realBucket(): Promise<RealBucket> {
  const server = await sharedS3();
  const proxy = await startFaultyProxy(server.url);
  const credentials = { key: server.accessKeyId, secret: server.secretAccessKey };
  const config = { path: `s3://${server.bucket}/ours`, endpoint: proxy.url, ...credentials, timeoutMs: 20_000 };
  const client = new AwsBucketClient(server.bucket, { ...config, endpoint: server.url });
  return {
    server,
    proxy,
    config,
    open: (changed) => openStore({ ...config, ...changed }),
    async pending() {
      const found: PendingUpload[] = [];
      for await (const upload of client.pendingUploads('', AbortSignal.timeout(60_000))) found.push(upload);
      return found;
    },
    client: () => client,
    async stop() {
      client.close();
      await proxy.stop();
      await server.stop();
    },
  };
}
