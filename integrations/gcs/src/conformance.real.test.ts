import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';
import { canStart } from '@mortise/test-servers';

import { openStore } from './testing/open-store.ts';
import { realBucket, type RealBucket } from './testing/real-bucket.ts';

let bucket: RealBucket;
beforeAll(async () => {
  if (canStart('gcs')) bucket = await realBucket();
});
afterAll(() => bucket?.stop());

const suite = canStart('gcs') ? describe : describe.skip;

/** @param partSize one that makes the large bodies of the suite uploads in parts, or one that makes all of them whole */
function conforms(how: string, partSize: number, takesDown: boolean): void {
  testArtifactStore(
    { describe: suite, it },
    {
      name: `gcs (fake-gcs-server, ${how})`,
      // Nobody signs without credentials.
      capabilities: { createOnly: 'atomic', range: true, reach: 'network', presign: false },
      takesDown,
      async backend() {
        const { proxy, server } = bucket;
        return {
          create: () => openStore({ path: `gs://${server.bucket}/conformance`, endpoint: proxy.url, partSize }),
          bytesRead: () => proxy.requests.reduce((sum, { bytesDown }) => sum + bytesDown, 0),
          async takeDown() {
            const fault = proxy.inject({ kind: 'reset' });
            return async () => fault.remove();
          },
        };
      },
    },
  );
}

conforms('bodies whole', 16 << 20, false);
conforms('in parts of 256 KiB', 256 << 10, true);
