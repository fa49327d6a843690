import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, python, startMlflow, type MlflowServer } from '@mortise/test-servers';

import { MlflowClient } from './index.ts';
import { failsWith, Place } from './testing/claims/claim.ts';
import { startStubServer } from './testing/index.ts';

/** Holds the database as a long search does, from where it makes one file to where it finds another, at most 90 s. */
const HOLD = `
import os, sqlite3, time
folder = os.environ['FOLDER']
database = sqlite3.connect(folder + '/mlflow.db', timeout=60, isolation_level=None)
database.execute('BEGIN EXCLUSIVE')
open(folder + '/held', 'w').close()
for _ in range(900):
    if os.path.exists(folder + '/enough'):
        break
    time.sleep(0.1)
`;

const auth = { username: 'ada', password: 'right-one-of-many' };

(canStart('mlflow') ? describe : describe.skip)('a real server with users', () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflow({ auth });
  });
  afterAll(() => server?.stop());

  const clientOf = (url: string, credentials: object) => new MlflowClient({ trackingUri: url, ...credentials });

  test('refuses who is unknown in the same way as the stub, and lets in who is known', async () => {
    const stub = await startStubServer({ auth });
    for (const { url } of [server, stub]) {
      for (const credentials of [{}, { ...auth, password: 'wrong-one' }, { token: 'token' }]) {
        const client = clientOf(url, credentials);
        const error = await failsWith('unauthorized', client.searchExperiments(), /does not know who asks/);
        expect(error.status).toBe(401);
        expect(error.message).not.toContain('wrong-one');
        await failsWith('unauthorized', client.artifacts.put('0/a', Buffer.from('x')));
      }
      const answer = await new Place(url).raw('POST', 'mlflow/experiments/search', { max_results: 1 });
      expect([answer.status, answer.contentType]).toEqual([401, expect.stringMatching(/^text\/html/)]);
      await clientOf(url, {}).health();
      expect((await clientOf(url, auth).searchExperiments()).experiments[0]?.name).toBe('Default');
    }
    await stub.stop();
  });

  test('whose database another one holds says 503 after 20 s, which is kind "busy", in a line without SQL', async () => {
    // Longer than those 20 s, on whatever machine.
    const client = clientOf(server.url, { ...auth, timeoutMs: 80_000 });
    const { runId } = await client.createRun({ experimentId: '0', startTime: 1 });
    const holding = python(HOLD, { FOLDER: server.folder });
    while (!existsSync(join(server.folder, 'held'))) await new Promise((resolve) => setTimeout(resolve, 100));
    const error = await failsWith('busy', client.setTag(runId, 'a', 'b'), /database is locked/);
    writeFileSync(join(server.folder, 'enough'), '');
    expect([error.status, error.errorCode]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
    await holding;
    await client.setTag(runId, 'a', 'b');
  });
});
