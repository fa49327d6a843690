import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';
import { canStart } from '@mortise/test-servers';

import { realContainer, type RealContainer } from './testing/real-container.ts';

const capabilities = { createOnly: 'atomic', range: true, reach: 'network', presign: true } as const;

(canStart('azurite') ? describe : describe.skip)('against a real server', () => {
  let container: RealContainer;
  beforeAll(async () => {
    container = await realContainer();
  });
  afterAll(() => container?.stop());

  testArtifactStore(
    { describe, it },
    {
      name: 'azure-blob (Azurite)',
      capabilities,
      takesDown: true,
      async backend() {
        const { proxy } = container;
        return {
          // With blocks so small that both ways of a put are taken.
          create: () => container.open({ partSize: 64 << 10 }),
          bytesRead: () => proxy.requests.reduce((sum, { bytesDown }) => sum + bytesDown, 0),
          async takeDown() {
            const fault = proxy.inject({ kind: 'reset' });
            return async () => fault.remove();
          },
        };
      },
    },
  );
});
