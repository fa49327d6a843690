import { afterAll, beforeAll, describe, test } from '@jest/globals';

import { Place } from './testing/claims/claim.ts';
import { claims } from './testing/claims/index.ts';
import { startStubServer, type StubServer } from './testing/index.ts';

// The same list holds of a real server in claims.real.test.ts: that makes the stub a witness.
describe('the client, and the stub that stands for MLflow', () => {
  let server: StubServer;
  beforeAll(async () => {
    server = await startStubServer();
  });
  afterAll(() => server.stop());

  describe.each(Object.entries(claims))('%s', (_, list) => {
    test.each(list.map(({ claim, prove }) => [claim, prove] as const))('%s', async (_claim, prove) => prove(new Place(server.url)));
  });
});
