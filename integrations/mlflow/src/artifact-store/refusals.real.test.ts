import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, startMlflow, type MlflowServer } from '@mortise/test-servers';

import { storeAt, textOf } from '../testing/store-at.ts';

const suite = canStart('mlflow') ? describe : describe.skip;
const patience = (): AbortSignal => AbortSignal.timeout(120_000);

suite('a real server that was told to keep no artifacts', () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflow({ env: { MLFLOW_SERVE_ARTIFACTS: 'false' } });
  });
  afterAll(() => server?.stop());

  test('is known for it, whatever is asked', async () => {
    const store = await storeAt(server.url);
    const calls = [
      () => store.put('a', Buffer.from('text')),
      () => store.check(patience()),
      () => textOf(store.get('a')),
      () => store.stat('a'),
      () => store.list(''),
      () => store.delete(['a']),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'ARTIFACT_STORE_FAILED',
        message: expect.stringMatching(/: MLflow at http:\S+ keeps no artifacts: it was started with --no-serve-artifacts$/),
        advice: expect.stringMatching(/^Start it with --serve-artifacts/),
      });
    }
  });
});

suite('a real server with basic authentication', () => {
  const auth = { username: 'admin', password: 'a-long-password-1' };
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflow({ auth });
  });
  afterAll(() => server?.stop());

  test('keeps artifacts for who has the password, and for nobody else', async () => {
    const admin = await storeAt(server.url, { trackingUsername: auth.username, trackingPassword: auth.password });
    await admin.check(patience());
    await admin.put('a', Buffer.from('text'));
    expect(await textOf(admin.get('a'))).toBe('text');
    for (const password of [undefined, 'another-password-1']) {
      const stranger = await storeAt(
        server.url,
        password === undefined ? {} : { trackingUsername: auth.username, trackingPassword: password },
      );
      for (const call of [() => stranger.check(patience()), () => textOf(stranger.get('a')), () => stranger.list('')])
        await expect(call()).rejects.toMatchObject({
          code: 'ARTIFACT_STORE_FAILED',
          message: expect.stringContaining('does not know who asks'),
        });
    }
  });

  test('lets a user without its permission read, and in the folder of an experiment of theirs also write', async () => {
    const user = { username: 'ann', password: 'a-long-password-2' };
    const basic = (of: typeof auth): string => `Basic ${Buffer.from(`${of.username}:${of.password}`).toString('base64')}`;
    const ask = async (of: typeof auth, path: string, body: object): Promise<Record<string, unknown>> => {
      const headers = { authorization: basic(of), 'content-type': 'application/json' };
      const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(response.status).toBe(200);
      return (await response.json()) as Record<string, unknown>;
    };
    await ask(auth, 'users/create', user);
    const { experiment_id: experiment } = await ask(user, 'experiments/create', { name: 'of-ann' });
    const access = { trackingUsername: user.username, trackingPassword: user.password };
    const refused = await storeAt(server.url, access);
    await expect(refused.check(patience())).rejects.toMatchObject({
      code: 'ARTIFACT_STORE_FAILED',
      advice: expect.stringContaining('--path=EXPERIMENT_ID/mortise'),
    });
    const own = await storeAt(server.url, { ...access, path: `${String(experiment)}/mortise` });
    await own.check(patience());
    await own.put('a', Buffer.from('text'));
    await own.delete(['a']);
    expect((await own.list('')).items).toEqual([]);
  });
});
