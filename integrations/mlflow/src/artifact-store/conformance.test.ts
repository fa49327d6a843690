import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';
import { startStubServer, type StubServer } from '@mortise/mlflow-client/testing';

import { storeAt } from '../testing/store-at.ts';

const capabilities = { createOnly: 'none', range: false, reach: 'network', presign: false } as const;

describe('a stub of a server', () => {
  let server: StubServer;
  beforeAll(async () => {
    server = await startStubServer();
  });
  afterAll(() => server.stop());

  testArtifactStore(
    { describe, it },
    {
      name: 'mlflow',
      capabilities,
      takesDown: true,
      backend: async () => ({
        create: () => storeAt(server.url),
        async takeDown() {
          const mend = server.fail('reset');
          return async () => mend();
        },
      }),
    },
  );
});
