import { createHash, randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TrackerRun } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, python, sharedMlflow, startFaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { eventsOf, never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';
import type { MlflowTracker } from './mlflow-tracker.ts';

const WEIGHTS = new TextEncoder().encode('weights');
const SHA256 = createHash('sha256').update(WEIGHTS).digest('hex');

(canStart('mlflow') ? describe : describe.skip)('a model with an alias, at a real server', () => {
  let server: SharedMlflow;
  let client: MlflowClient;
  const unique = `alias-${randomBytes(4).toString('hex')}`;
  beforeAll(async () => {
    server = await sharedMlflow();
    client = new MlflowClient({ trackingUri: server.url });
  });
  afterAll(() => server?.stop());

  const aliased = async (name: string, tracker: MlflowTracker) => {
    const readArtifact = async function* () {
      yield WEIGHTS;
    };
    const start = startIn(unique, { settings: { registerModel: name, modelAlias: 'champion' }, readArtifact });
    const run = await tracker.open(newIdentity(), start, undefined, never);
    const weights = { path: 'model/weights.bin', uri: 'x://weights', sha256: SHA256, size: WEIGHTS.length };
    await run.deliver(eventsOf([{ kind: 'artifact', ...weights }]), never);
    return run;
  };
  const champion = async (name: string) => (await client.getModelVersionByAlias(name, 'champion'))?.version;
  const end = (run: TrackerRun) => run.close({ status: 'completed' }, Date.now(), never);

  test('has it at its version, the latest of two, as the Python client sees it', async () => {
    const name = `${unique}-alias`;
    const tracker = await trackerAt(server.url);
    await end(await aliased(name, tracker));
    await end(await aliased(name, tracker));
    const code = `import mlflow; print(mlflow.MlflowClient().get_model_version_by_alias("${name}", "champion").version)`;
    expect((await python(code, { MLFLOW_TRACKING_URI: server.url })).trim()).toBe('2');
  });

  test('takes it from no later version when the end of its run comes a second time', async () => {
    const name = `${unique}-late`;
    const proxy = await startFaultyProxy(server.url);
    try {
      const tracker = await trackerAt(proxy.url);
      const first = await aliased(name, tracker);
      const lost = proxy.inject({ kind: 'lose-answer' }, { method: 'POST', path: 'registered-models/alias' });
      await expect(end(first)).rejects.toMatchObject({ code: 'TRANSIENT' });
      lost.remove();
      expect(await champion(name)).toBe('1');
      await end(await aliased(name, tracker));
      await end(first);
      expect(await champion(name)).toBe('2');
      expect((await client.searchModelVersions({ filter: `name = '${name}'` })).versions).toHaveLength(2);
    } finally {
      await proxy.stop();
    }
  });

  test('that the registry refuses is registered all the same, and that is told', async () => {
    const name = `${unique}-refused`;
    const proxy = await startFaultyProxy(server.url);
    const warnings: string[] = [];
    try {
      const run = await aliased(name, await trackerAt(proxy.url, { warnings }));
      proxy.inject({ kind: 'answer', status: 403, body: 'Permission denied' }, { method: 'POST', path: 'registered-models/alias' });
      await end(run);
      const { status, tags } = (await client.getRun(run.ref.id!))!;
      expect({ status, tag: tags['mortise.registered_model'] }).toEqual({ status: 'FINISHED', tag: `${name}/1` });
      expect(warnings).toEqual([expect.stringContaining(`did not give ${name}/1 the alias "champion"`)]);
    } finally {
      await proxy.stop();
    }
  });
});
