import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, startMlflow, type MlflowServer } from '@mortise/test-servers';

import importer from './index.ts';

const suite = canStart('mlflow') ? describe : describe.skip;
const never = new AbortController().signal;

suite('from a real server', () => {
  let server: MlflowServer;
  let client: MlflowClient;
  beforeAll(async () => {
    server = await startMlflow();
    client = new MlflowClient({ trackingUri: server.url });
  });
  afterAll(() => server?.stop());

  test('what was deleted, traces and registered models are not imported and told, and the largest double is told from infinity where a tag says so', async () => {
    const [wine, old] = [await client.createExperiment('wine'), await client.createExperiment('old')];
    const run = (experimentId: string) => client.createRun({ experimentId, startTime: 1_700_000_000_000 });
    const kept = await run(wine);
    await client.deleteRun((await run(wine)).runId);
    await run(old);
    await client.deleteExperiment(old);
    const { modelId } = await client.createLoggedModel({ experimentId: wine, name: 'net', sourceRunId: kept.runId });
    await client.logOutputs(kept.runId, [{ modelId }]);
    const answer = await fetch(`${server.url}/api/2.0/mlflow/logged-models/${modelId}`, { method: 'DELETE' });
    expect(answer.status).toBe(200);
    const trace = { trace_id: 'tr-1', trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: wine } } };
    const traced = await fetch(`${server.url}/api/3.0/mlflow/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ trace: { trace_info: { ...trace, request_time: '2024-01-01T00:00:00Z', state: 'OK' } } }),
    });
    expect(traced.status).toBe(200);
    await client.createRegisteredModel('wines');
    await client.createModelVersion({ name: 'wines', source: `runs:/${kept.runId}/model`, runId: kept.runId });
    const values = { most: Number.MAX_VALUE, inf: Infinity, told: -Number.MAX_VALUE };
    await client.logBatch(kept.runId, {
      metrics: Object.entries(values).map(([key, value]) => ({ key, value, timestamp: 1 })),
      tags: [
        { key: 'mortise.infinite', value: '["inf"]' },
        { key: 'mortise.largest', value: '["most"]' },
      ],
    });

    const warnings: string[] = [];
    const { runs } = await importer(server.url, { env: {}, warn: (message) => void warnings.push(message) });
    const read: Record<string, number> = {};
    const ids: string[] = [];
    for await (const { id, events } of runs(never)) {
      ids.push(id);
      for await (const event of events(never)) if (event.kind === 'metrics') Object.assign(read, event.values);
    }
    expect(ids).toEqual([kept.runId]);
    expect(read).toEqual({ ...values, told: -Infinity });
    expect(warnings).toEqual([
      expect.stringMatching(/^values of ±1\.79.* are imported as infinities/),
      expect.stringMatching(/^logged models of it that were deleted are not imported/),
      expect.stringMatching(/^1 run and 1 experiment that were deleted are not imported: /),
      'traces are not imported: there are some in the experiment "wine"',
      'registered models are not imported, nor their versions and aliases',
    ]);
  });
});
