import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, settingsFor, step } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, sharedMlflow, startFaultyProxy, type FaultyProxy, type SharedMlflow } from '@mortise/test-servers';

import mlflow from './index.ts';
import { readRun } from './testing/read-run.ts';

const FLAVOR = JSON.stringify(new URL('./index.ts', import.meta.url).href);

/** Logs into the run that its environment names. */
const CHILD = `
import mlflow
with mlflow.start_run() as run:
    mlflow.log_param("child", "yes")
    mlflow.log_metric("child_loss", 0.5, step=1)
    print(run.info.run_id)
`;

// At the top level, because steps that a function makes are not cached.
const fit = step('fit', { experimentTracker: true }, async () => {
  await activeRun().logArtifact(new TextEncoder().encode('weights'), { path: 'model/weights.bin' });
});

(canStart('mlflow') ? describe : describe.skip)('pipelines on a stack with a real server', () => {
  let server: SharedMlflow;
  let proxy: FaultyProxy;
  let root: string;
  const before = process.env['MORTISE_PROJECT'];
  const unique = randomBytes(4).toString('hex');
  beforeAll(async () => {
    server = await sharedMlflow();
    proxy = await startFaultyProxy(server.url);
    root = mkdtempSync(join(tmpdir(), 'mortise-mlflow-'));
    process.env['MORTISE_PROJECT'] = root;
    await initProject(root);
    writeFileSync(join(root, 'flavor.ts'), `export { default } from ${FLAVOR};\n`);
    await using client = new Client();
    await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
    await client.registerComponent({ type: 'experiment-tracker', name: 'team', flavor: 'mlflow', config: { trackingUri: proxy.url } });
    await client.registerStack('team', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' });
    await client.setActiveStack('team');
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    if (before === undefined) delete process.env['MORTISE_PROJECT'];
    else process.env['MORTISE_PROJECT'] = before;
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    await proxy?.stop();
    await server?.stop();
  });

  const stateOf = async (url: string) => (await readRun(server.url, url.split('/').at(-1)!))!;
  const urlOf = (run: { steps: Record<string, { runMetadata: Record<string, { value: unknown }> } | undefined> }, name: string) =>
    String(run.steps[name]!.runMetadata['experiment_tracker_url']!.value);

  test('a Python program that a step starts logs into the same run, and does not end it', async () => {
    const train = step('train', { experimentTracker: true }, async () => {
      const run = activeRun(mlflow);
      run.logParam('lr', 0.1);
      const { client, runId } = await run.native();
      const env = { ...process.env, ...(await run.env()) };
      const { stdout } = await promisify(execFile)(server.python, ['-c', CHILD], { env });
      run.logMetric('loss', 0.25, { step: 2 });
      const told = await client.getRun(runId);
      throw new Error(`joined ${stdout.includes(runId)} ${told?.status}`);
    });
    const run = await pipeline(`child-${unique}`, () => void train()).run();
    const url = urlOf(run, 'train');
    expect(url).toMatch(new RegExp(`^${proxy.url}/#/experiments/\\d+/runs/[0-9a-f]{32}$`));
    const { params, metrics, status, error } = await stateOf(url);
    expect({ params, metrics: metrics.map(({ name, value }) => [name, value]), status, error }).toEqual({
      params: { lr: '0.1', child: 'yes' },
      metrics: expect.arrayContaining([
        ['child_loss', 0.5],
        ['loss', 0.25],
      ]),
      status: 'failed',
      // The child had ended the run; our end is the one that counts.
      error: 'Error: joined true FINISHED',
    });
  });

  test('a step and its pipeline are a child and its parent, in the experiment of the pipeline, with their model registered', async () => {
    const name = `model-${unique}`;
    const train = step('train', { experimentTracker: true, settings: { ...settingsFor(mlflow, { registerModel: name }) } }, async () => {
      await activeRun().logArtifact(new TextEncoder().encode('weights'), { path: 'model/weights.bin' });
      activeRun().logTable('scores', [{ a: 1 }]);
    });
    const run = await pipeline(`nested-${unique}`, () => void train()).run();
    const client = new MlflowClient({ trackingUri: server.url });
    const state = await stateOf(urlOf(run, 'train'));
    const parent = (await client.getRun(state.parent!))!;
    expect({ parent: parent.runName, name: state.name, status: state.status, of: parent.status }).toEqual({
      ...{ parent: run.name, name: 'train', status: 'completed', of: 'FINISHED' },
    });
    expect((await client.getExperiment(parent.experimentId))!.name).toBe(`nested-${unique}`);
    expect(Object.keys(state.artifacts).sort()).toEqual(['model/MLmodel', 'model/weights.bin', 'scores.json']);
    expect((await client.getModelVersion(name, '1'))?.runId).toBe(urlOf(run, 'train').split('/').at(-1));
  });

  test('a model of a step that came from the cache is not registered, and the run says so', async () => {
    const settled = async (registerModel?: string) => {
      const settings = registerModel === undefined ? {} : settingsFor(mlflow, { registerModel });
      const { steps, warnings } = await pipeline(`cached-${unique}`, { settings }, () => void fit()).run();
      return { status: steps['fit']!.status, warnings };
    };
    expect(await settled()).toEqual({ status: 'completed', warnings: [] });
    const name = `cached-${unique}`;
    const { status, warnings } = await settled(name);
    expect({ status, warnings }).toEqual({
      status: 'cached',
      warnings: [
        expect.stringMatching(
          /^step "fit" came from the cache: what is set now for experiment tracker "team" \("registerModel"\) had no effect/,
        ),
      ],
    });
    expect(await new MlflowClient({ trackingUri: server.url }).getRegisteredModel(name)).toBeUndefined();
    expect(await settled()).toEqual({ status: 'cached', warnings: [] });
  });

  test('503 for 30 s costs the step nothing, and afterwards every point is there once', async () => {
    const points = 5_000;
    let took = 0;
    const train = step('train', { experimentTracker: true }, async () => {
      const run = activeRun();
      run.logParam('lr', 0.1);
      await run.native();
      const locked = { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'database is locked' };
      const fault = proxy.inject({
        kind: 'answer',
        status: 503,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(locked),
      });
      setTimeout(() => fault.remove(), 30_000);
      const begun = Date.now();
      for (let i = 0; i < points; i++) {
        run.logMetric('loss', i / 8, { step: i });
        if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      took = Date.now() - begun;
    });
    const run = await pipeline(`outage-${unique}`, () => void train()).run({}, { trackerTimeoutMs: 240_000 });
    expect(run.status).toBe('completed');
    expect(took).toBeLessThan(20_000);
    const { metrics, status, params } = await stateOf(urlOf(run, 'train'));
    expect({ status, params }).toEqual({ status: 'completed', params: { lr: '0.1' } });
    expect(metrics.map(({ step: at }) => at!).sort((a, b) => a - b)).toEqual(Array.from({ length: points }, (_, i) => i));
  });
});
