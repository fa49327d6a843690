import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PipelineRun } from '@mortise/core';
import { MlflowClient } from '@mortise/mlflow-client';
import { canStart, sharedMlflow, type SharedMlflow } from '@mortise/test-servers';

import type { CrashProject } from '../../../../core/src/testing/crash-project.ts';
import { mlflowProject } from '../testing/mlflow-project.ts';

const POINTS = 100_000;

/** A step that logs much; prints the run. What that costs is measured by the benchmark. */
const MUCH = `
import { activeRun, pipeline, step } from '@mortise/core';
const numbered = (count, name, value) => Object.fromEntries(Array.from({ length: count }, (_, i) => [name + i, value(i)]));
const wide = step('wide', { experimentTracker: true, cache: false }, async () => {
  const run = activeRun();
  run.logMetrics(numbered(2_500, 'metric', (i) => i / 8));
  run.logParams(numbered(250, 'param', (i) => 'p' + i));
  run.setTags(numbered(150, 'tag', (i) => 't' + i));
});
const long = step('long', { experimentTracker: true, cache: false }, async () => {
  const run = activeRun();
  for (let i = 0; i < ${POINTS}; i++) run.logMetric('loss', i / 8, { step: i });
});
const much = pipeline('much', () => { wide(); long(); });
const run = await much.run({}, { trackerTimeoutMs: 240_000 });
console.log(JSON.stringify(run));
`;

(canStart('mlflow') ? describe : describe.skip)('a step that logs much, and a real MLflow server', () => {
  let server: SharedMlflow;
  let client: MlflowClient;
  let project: CrashProject;
  let run: PipelineRun;
  beforeAll(async () => {
    server = await sharedMlflow();
    client = new MlflowClient({ trackingUri: server.url });
    project = await mlflowProject({ trackingUri: server.url, experimentName: `much-${randomBytes(4).toString('hex')}` });
    project.scripts.write('much.mjs', MUCH);
    run = await project.json<PipelineRun>('much.mjs');
  });
  afterAll(async () => {
    await project?.end();
    await server?.stop();
  });

  const runIdOf = (id: string) => run.steps[id]!.runMetadata['mlflow_run_id']!.value as string;

  test('has all of 2,500 metrics, 250 params and 150 tags of one call each', async () => {
    const { metrics, params, tags } = (await client.getRun(runIdOf('wide')))!;
    const numbered = <T>(count: number, name: string, value: (i: number) => T) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, value(i)]));
    expect(Object.fromEntries(metrics.map(({ key, value }) => [key, value]))).toEqual(numbered(2_500, 'metric', (i) => i / 8));
    expect(params).toEqual(numbered(250, 'param', (i) => `p${i}`));
    expect(tags).toMatchObject(numbered(150, 'tag', (i) => `t${i}`));
  });

  test('has all of 100,000 points of one loop, each once', async () => {
    expect({ status: run.status, warnings: run.warnings }).toEqual({ status: 'completed', warnings: [] });
    const steps: number[] = [];
    for await (const { step, value } of client.metricHistory(runIdOf('long'), 'loss')) {
      steps.push(step);
      if (value !== step / 8) throw new Error(`the point of step ${step} is ${value}`);
    }
    expect(steps).toHaveLength(POINTS);
    expect(new Set(steps).size).toBe(POINTS);
  });
});
