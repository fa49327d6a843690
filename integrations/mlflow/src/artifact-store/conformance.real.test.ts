import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { testArtifactStore } from '@mortise/flavor-testkit';
import { canStart, sharedMlflow, startFaultyProxy, startMlflow, type FaultyProxy, type RealServer } from '@mortise/test-servers';

import { storeAt } from '../testing/store-at.ts';

const capabilities = { createOnly: 'none', range: false, reach: 'network', presign: false } as const;
/** Takes a minute where everything is fetched from elsewhere, and is the same there. */
const LONG = 'a list has 1000 keys at most when nothing else is asked for';
/** Where a server keeps what it is given decides much of what it answers. */
const DESTINATIONS: [string, string, (server: RealServer) => Promise<RealServer>][] = [
  ['that keeps artifacts in a folder', '', async (server) => server],
  [
    'that fetches them from elsewhere',
    LONG,
    (server) =>
      startMlflow({
        artifactsDestination: `${server.url}/api/2.0/mlflow-artifacts/artifacts/elsewhere`,
        // It asks again for a minute, where the other says 500 for good.
        env: { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1' },
      }),
  ],
];

(canStart('mlflow') ? describe : describe.skip).each(DESTINATIONS)('a real server %s', (_name, leftOut, start) => {
  const stops: RealServer[] = [];
  let proxy: FaultyProxy;
  beforeAll(async () => {
    const shared = await sharedMlflow();
    stops.push(shared);
    const server = await start(shared);
    stops.push(server);
    proxy = await startFaultyProxy(server.url);
    stops.push(proxy);
  });
  afterAll(async () => {
    for (const server of stops.toReversed()) await server.stop();
  });

  testArtifactStore(
    { describe, it: (claim, prove) => (claim === leftOut ? undefined : it(claim, prove)) },
    {
      name: 'mlflow',
      capabilities,
      takesDown: true,
      backend: async () => ({
        create: () => storeAt(proxy.url),
        async takeDown() {
          const fault = proxy.inject({ kind: 'reset' });
          return async () => fault.remove();
        },
      }),
    },
  );
});
