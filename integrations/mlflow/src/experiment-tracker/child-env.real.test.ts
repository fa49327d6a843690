import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MlflowClient } from '@mortise/mlflow-client';
import { startStubServer } from '@mortise/mlflow-client/testing';
import { canStart, python, selfSigned, sharedMlflow, startFaultyProxy, type FaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import { readRun } from '../testing/read-run.ts';
import { never, newIdentity, startIn, trackerAt } from '../testing/tracker-at.ts';

/** Of another server, as they stand in the environment of a developer. */
const ANOTHERS = {
  MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
  MLFLOW_REGISTRY_URI: 'http://127.0.0.1:9',
  MLFLOW_TRACKING_USERNAME: 'me',
  MLFLOW_TRACKING_PASSWORD: 'hunter2',
  MLFLOW_TRACKING_TOKEN: 'hunter3',
  MLFLOW_TRACKING_AUTH: 'no-such-plugin',
  MLFLOW_TRACKING_CLIENT_CERT_PATH: '/nowhere.pem',
  MLFLOW_TRACKING_AWS_SIGV4: 'true',
  MLFLOW_TRACKING_INSECURE_TLS: 'true',
};
const LOG = `
import mlflow
with mlflow.start_run():
    mlflow.log_metric("loss", 1)
    mlflow.log_text("x", "notes.txt")
# Sent with the password for the server of its runs.
mlflow.MlflowClient().search_registered_models(max_results=1)
`;

const NESTED = `
import mlflow
with mlflow.start_run():
    with mlflow.start_run(nested=True) as run:
        parts = run.info.experiment_id, run.data.tags["mlflow.parentRunId"]
print(*parts)
`;

(canStart('mlflow') ? describe : describe.skip)(
  "a Python program that inherits another server's credentials beside activeRun().env()",
  () => {
    let server: SharedMlflow;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      server = await sharedMlflow();
      proxy = await startFaultyProxy(server.url);
    });
    afterAll(async () => {
      await proxy?.stop();
      await server?.stop();
    });

    test('logs into the run of its step, has its models registered there too, and sends none of them there', async () => {
      const tracker = await trackerAt(proxy.url);
      const { ref } = await tracker.open(newIdentity(), startIn(`child-${randomBytes(4).toString('hex')}`), undefined, never);
      proxy.forget();
      await python(LOG, { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0', ...ANOTHERS, ...tracker.childEnv(ref) });
      expect(await readRun(server.url, ref.id!)).toMatchObject({
        metrics: [{ name: 'loss', value: 1 }],
        artifacts: { 'notes.txt': { size: 1 } },
      });
      expect(proxy.requests.length).toBeGreaterThan(2);
      expect(proxy.requests.filter(({ headers }) => headers['authorization'] !== undefined)).toEqual([]);
    });

    test('has its nested runs in the experiment of its step, whatever MLFLOW_EXPERIMENT_NAME it inherits', async () => {
      const { MLFLOW_EXPERIMENT_NAME: before } = process.env;
      process.env['MLFLOW_EXPERIMENT_NAME'] = `another-${randomBytes(4).toString('hex')}`;
      try {
        const experiment = `nested-${randomBytes(4).toString('hex')}`;
        const id = newIdentity();
        const { ref } = await (await trackerAt(server.url)).open(id, startIn(experiment), undefined, never);
        const again = await trackerAt(server.url);
        await again.open(id, startIn(experiment), ref, never);
        await new MlflowClient({ trackingUri: server.url }).createExperiment(process.env['MLFLOW_EXPERIMENT_NAME']);
        const told = await python(NESTED, { MLFLOW_EXPERIMENT_NAME: process.env['MLFLOW_EXPERIMENT_NAME'], ...again.childEnv(ref) });
        expect(told.trim().split('\n').at(-1)).toBe(`${ref.ids['mlflow_experiment_id']} ${ref.id}`);
      } finally {
        if (before === undefined) delete process.env['MLFLOW_EXPERIMENT_NAME'];
        else process.env['MLFLOW_EXPERIMENT_NAME'] = before;
      }
    });

    test("does not take any certificate for the server's", async () => {
      const stranger = await startStubServer({ tls: selfSigned() });
      try {
        const env = (await trackerAt(stranger.url)).childEnv({ ids: {} });
        await expect(
          python('import mlflow; mlflow.search_experiments()', { ...env, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' }),
        ).rejects.toThrow(/CERTIFICATE_VERIFY_FAILED/);
        expect(stranger.requests).toEqual([]);
      } finally {
        await stranger.stop();
      }
    });
  },
);
