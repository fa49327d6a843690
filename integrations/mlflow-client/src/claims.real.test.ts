import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { canStart, sharedMlflow, type SharedMlflow } from '@mortise/test-servers';

import { Place } from './testing/claims/claim.ts';
import { claims } from './testing/claims/index.ts';

(canStart('mlflow') ? describe : describe.skip)('the client, and a real MLflow server', () => {
  let server: SharedMlflow;
  beforeAll(async () => {
    server = await sharedMlflow();
  });
  afterAll(() => server?.stop());

  describe.each(Object.entries(claims))('%s', (_, list) => {
    test.each(list.map(({ claim, prove }) => [claim, prove] as const))('%s', async (_claim, prove) => prove(new Place(server.url)));
  });
});
