import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';
import { sharedS3, startFaultyProxy, type FaultyProxy, type SharedS3 } from '@mortise/test-servers';

import { openStore } from './testing/open-store.ts';

let server: SharedS3;
let proxy: FaultyProxy;
beforeAll(async () => {
  server = await sharedS3();
  proxy = await startFaultyProxy(server.url);
});
afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
});

const capabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: true } as const;
testArtifactStore(
  { describe, it },
  {
    name: 's3 (versitygw)',
    capabilities,
    takesDown: true,
    async backend() {
      const config = {
        path: `s3://${server.bucket}/conformance`,
        endpoint: proxy.url,
        key: server.accessKeyId,
        secret: server.secretAccessKey,
      };
      return {
        create: () => openStore(config),
        bytesRead: () => proxy.requests.reduce((sum, { bytesDown }) => sum + bytesDown, 0),
        async takeDown() {
          const fault = proxy.inject({ kind: 'reset' });
          return async () => fault.remove();
        },
      };
    },
  },
);
