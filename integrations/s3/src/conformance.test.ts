import { describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';

import { MemoryBucket, MemoryBucketClient } from './testing/memory-bucket.ts';
import { memoryStore } from './testing/memory-store.ts';

const capabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: true } as const;
/** Only a server can fetch what was signed: `conformance.real.test.ts` has that clause, and all others once more. */
const NEEDS_SERVER = 'a presigned URL gives the bytes to whoever has it';

testArtifactStore(
  { describe, it: (claim, prove) => (claim === NEEDS_SERVER ? undefined : it(claim, prove)) },
  {
    name: 's3 (in memory, in parts of 1000 bytes)',
    capabilities,
    takesDown: true,
    async backend() {
      const bucket = new MemoryBucket();
      return {
        create: async () => memoryStore(new MemoryBucketClient(bucket)),
        bytesRead: () => bucket.bytesRead,
        async takeDown() {
          bucket.down = true;
          return async () => void (bucket.down = false);
        },
      };
    },
  },
);
