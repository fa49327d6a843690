import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PipelineRun } from '@mortise/core';
import { canStart, startMlflow, type MlflowServer } from '@mortise/test-servers';

import type { CrashProject } from '../../../../core/src/testing/crash-project.ts';
import { toldByStore } from '../../../../core/src/testing/told-runs.ts';
import { mlflowProject } from '../testing/mlflow-project.ts';
import { readRun } from '../testing/read-run.ts';
import { runIdsAt, toldByMlflow } from '../testing/told-runs.ts';

const CLI = fileURLToPath(new URL('../../../../cli/dist/mortise.js', import.meta.url));
const EXPERIMENT = 'away';

/**
 * A step that logs 200 points a second for `SECONDS`, half of them when the file `GONE` is there; says `logs` when it has begun, and at the end what became
 * of the run.
 */
const TRAIN = `
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, step } from '@mortise/core';
const seconds = Number(process.env.SECONDS);
const train = step('train', { experimentTracker: true, cache: false }, async () => {
  const run = activeRun();
  run.logParam('lr', 0.1);
  let slowest = 0;
  for (let i = 0; i < seconds * 200; i++) {
    const begun = performance.now();
    run.logMetric('loss', i / 8, { step: i });
    slowest = Math.max(slowest, performance.now() - begun);
    if (i % 10 === 0) await delay(50);
    if (i === 100) console.log('logs');
    while (i === seconds * 100 && !existsSync(process.env.GONE)) await delay(50);
  }
  return slowest;
});
const away = pipeline('away', () => train());
const run = await away.run({}, { name: process.env.RUN, trackerTimeoutMs: Number(process.env.TIMEOUT) });
console.log(JSON.stringify({ run, slowest: run.result }));
`;

const SHOW = `
import { Client } from '@mortise/core';
const client = new Client();
console.log(JSON.stringify(await client.getPipelineRun(process.env.RUN)));
await client.close();
`;

interface Trained {
  run: PipelineRun;
  /** ms of the call to log that took longest. */
  slowest: number;
}

(canStart('mlflow') ? describe : describe.skip)('an MLflow server that goes away in the middle of a run', () => {
  let server: MlflowServer;
  let project: CrashProject;
  beforeAll(async () => {
    server = await startMlflow();
    project = await mlflowProject({ trackingUri: server.url, experimentName: EXPERIMENT });
    project.scripts.write('train.mjs', TRAIN);
    project.scripts.write('show.mjs', SHOW);
  });
  afterAll(async () => {
    await project?.end();
    await server?.stop();
  });

  const goneOf = (name: string): string => join(project.root, `gone-${name}`);
  const startTraining = (name: string, seconds: number, timeoutMs: number) =>
    project.scripts.start('train.mjs', [], { RUN: name, SECONDS: String(seconds), TIMEOUT: String(timeoutMs), GONE: goneOf(name) });

  /** Starts the run, and kills the server when it has had some of the points. */
  async function killedWhileItTrains(name: string, seconds: number, timeoutMs: number): Promise<() => Promise<Trained>> {
    const script = startTraining(name, seconds, timeoutMs);
    await script.prints('logs');
    const { id: runId } = await project.client.getPipelineRun(name);
    const pointsAtMlflow = async () =>
      (await toldByMlflow(server.url, { experiment: EXPERIMENT, runId }))['train 1']?.[0]?.points['loss'] ?? 0;
    while ((await pointsAtMlflow()) === 0) await delay(50);
    await server.kill();
    writeFileSync(goneOf(name), '');
    return async () => {
      const { text } = await script.ended;
      const last = text.trimEnd().split('\n').at(-1)!;
      if (!last.startsWith('{')) throw new Error(text);
      return JSON.parse(last) as Trained;
    };
  }

  /** MLflow says what the store says, and has every point that the step logged, once. */
  async function expectWhole(run: PipelineRun, points: number): Promise<void> {
    const place = { experiment: EXPERIMENT, runId: run.id };
    const told = await toldByMlflow(server.url, place);
    expect(told).toEqual(toldByStore(run));
    expect(told).toMatchObject({ run: [{ status: 'completed' }], 'train 1': [{ status: 'completed' }] });
    const url = run.steps['train']!.runMetadata['experiment_tracker_url']!.value as string;
    const id = url.split('/').at(-1)!;
    expect(await runIdsAt(server.url, place)).toContain(id);
    const { metrics, params } = (await readRun(server.url, id))!;
    expect(params).toEqual({ lr: '0.1' });
    const steps = metrics.map(({ step }) => step!).sort((a, b) => a - b);
    expect(steps).toEqual(Array.from({ length: points }, (_, i) => i));
    expect(metrics.every(({ value, step }) => value === step! / 8)).toBe(true);
  }

  test('and comes back 20 s later has every point once, and the step never waited', async () => {
    const ended = await killedWhileItTrains('back', 30, 240_000);
    await delay(20_000);
    await server.start();
    const { run, slowest } = await ended();
    expect({ status: run.status, warnings: run.warnings }).toEqual({ status: 'completed', warnings: [] });
    expect(slowest).toBeLessThan(10_000);
    await expectWhole(run, 6_000);
  });

  test('and stays away: the run completes and says what waits; "mortise tracker deliver" of a later day delivers it', async () => {
    const cut = await (await killedWhileItTrains('cut', 5, 2_000))();
    writeFileSync(goneOf('away'), '');
    const script = startTraining('away', 1, 2_000);
    const away = JSON.parse((await script.ended).text.trimEnd().split('\n').at(-1)!) as Trained;
    for (const { run, slowest } of [cut, away]) {
      expect(run.status).toBe('completed');
      expect(run.warnings).toEqual([
        `experiment tracker "team": 2 tracker runs not delivered yet (MLflow at ${server.url} cannot be reached (ECONNREFUSED))`,
      ]);
      expect(slowest).toBeLessThan(10_000);
    }
    expect(away.run.steps['train']!.runMetadata).not.toHaveProperty('experiment_tracker_url');
    await server.start();
    const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'tracker', 'deliver'], { cwd: project.root });
    expect(stdout).toBe('team: delivered 4 tracker runs\n');
    for (const [name, points] of [
      ['cut', 1_000],
      ['away', 200],
    ] as const) {
      const run = await project.json<PipelineRun>('show.mjs', { RUN: name });
      expect(run.warnings).toEqual([]);
      await expectWhole(run, points);
    }
  });
});
