import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, pipeline, settingsFor, step, type PipelineRun } from '@mortise/core';
import { startFaultyProxy } from '@mortise/test-servers';

import neptune from './index.ts';
import { startNeptuneRecorder, type NeptuneRecorder } from './testing/neptune-recorder.ts';
import { NeptuneProject } from './testing/neptune-project.ts';
import { offlineRun } from './testing/offline-run.ts';
import { PROJECT } from './testing/tracker-at.ts';
import type { RunAtNeptune } from './testing/run-at-neptune.ts';

const tracked = { experimentTracker: true, cache: false } as const;
const good = step('good', { ...tracked, settings: { ...settingsFor(neptune, { experimentName: 'exp-a' }) } }, async () => {
  const run = activeRun(neptune);
  run.logParams({ lr: 0.1, net: { depth: 3 } });
  for (let at = 0; at < 5; at++) run.logMetrics({ loss: 1 / (at + 1) }, { step: at / 2 });
  await run.logArtifact(new TextEncoder().encode('weights'), { path: 'model/weights.bin' });
  run.setTags({ best: 'true' });
  return (await run.native()).runId;
});
const bad = step('bad', tracked, async (_: { after: string }): Promise<void> => {
  activeRun().logMetrics({ loss: 1 }, { step: 0 });
  throw new TypeError('no wine left');
});
const trains = pipeline('trains', () => void good());
const fails = pipeline('fails', () => bad({ after: good() }));

const metadataOf = (run: PipelineRun, name: string, what: 'experiment_tracker_url' | 'neptune_run_id' | 'neptune_sync_command'): string =>
  run.steps[name]!.runMetadata[what]!.value as string;
const fieldsOf = ({ fields }: RunAtNeptune, ...paths: string[]) => paths.map((path) => fields.get(path)?.value);

/** What a run of both pipelines must have left of its steps. */
function expectLogged(run: RunAtNeptune, group: string): void {
  expect(fieldsOf(run, 'params/lr', 'params/net/depth', 'status', 'sys/failed', 'mortise/step')).toEqual([
    0.1,
    3,
    'completed',
    false,
    'good',
  ]);
  expect(run.series.get('metrics/loss')!.map(({ step: at, value }) => [at, value.value])).toEqual(
    [0, 1, 2, 3, 4].map((at) => [at / 2, 1 / (at + 1)]),
  );
  expect(run.created!.experiment).toBe('exp-a');
  expect([...run.sets.get('sys/tags')!]).toEqual(['best']);
  expect([...run.sets.get('sys/group_tags')!]).toEqual([group]);
}

function expectFailed(run: RunAtNeptune): void {
  expect(fieldsOf(run, 'status', 'sys/failed', 'error/type', 'error/message')).toEqual(['failed', true, 'TypeError', 'no wine left']);
  expect(run.text('error/traceback')).toContain('TypeError: no wine left');
}

describe('pipelines on a stack with Neptune, offline', () => {
  let project: NeptuneProject;
  beforeAll(async () => {
    project = await NeptuneProject.open({ project: PROJECT, mode: 'offline' });
  });
  afterAll(() => project?.end());

  const kept = (run: PipelineRun, name: string): RunAtNeptune =>
    offlineRun(fileURLToPath(metadataOf(run, name, 'experiment_tracker_url'))).run;

  test('one that completes leaves a file for each tracker run, which its metadata names with the command to send it', async () => {
    const run = await trains.run({}, { name: 'first' });
    const path = fileURLToPath(metadataOf(run, 'good', 'experiment_tracker_url'));
    expect(path.startsWith(join(project.root, '.neptune'))).toBe(true);
    expect(metadataOf(run, 'good', 'neptune_sync_command')).toBe(`neptune sync ${path}`);
    const { run: told, files } = offlineRun(path);
    expectLogged(told, 'first');
    expect([...files.values()].map(String)).toEqual(['weights']);
  });

  test('one that fails says so, with the error, in its own run and in that of the step', async () => {
    const run = await fails.run({}, { name: 'second' });
    expect(run.status).toBe('failed');
    expectLogged(kept(run, 'good'), 'second');
    expectFailed(kept(run, 'bad'));
  });

  test('imported, its runs are in the store with every point; a second import changes nothing', async () => {
    const options = { vendor: './importer.ts', from: join(project.root, '.neptune') };
    const report = await project.client.importRuns(options);
    expect(report).toMatchObject({ vendor: 'neptune', failed: [], alreadyThere: 0 });
    // Of each pipeline run and of each step.
    expect(report.runs.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'bad failed',
      'first completed',
      'good completed',
      'good completed',
      'second failed',
    ]);
    expect([report.points, report.files]).toEqual([11, 2]);
    const again = await project.client.importRuns(options);
    expect({ imported: again.imported, alreadyThere: again.alreadyThere }).toEqual({ imported: 0, alreadyThere: 5 });
    const { id } = report.runs.find(({ name }) => name === 'bad')!;
    const imported = await project.client.getPipelineRun(id);
    expect(imported.error).toMatchObject({ name: 'TypeError', message: 'no wine left' });
    expect(imported.steps['imported']!.tracker.metrics['loss']).toMatchObject({ count: 1, last: 1 });
    rmSync(join(project.root, '.neptune'), { recursive: true });
  });

  test('the hosted service, which ended, is refused when it is registered', async () => {
    const apiToken = Buffer.from(JSON.stringify({ api_address: 'https://app.neptune.ai', api_key: 'hunter2' })).toString('base64');
    const failure: unknown = await project
      .register('dead', { project: PROJECT, mode: 'online', apiToken })
      .catch((error: unknown) => error);
    const message = String((failure as Error).message);
    expect(message).toMatch(/apiToken.*ended on 5 March 2026.*mode=offline.*mortise import neptune/);
    expect(message).not.toMatch(/\n/);
    expect(message).not.toContain(apiToken);
    process.env['NEPTUNE_API_TOKEN'] = apiToken;
    try {
      const ofVariable: unknown = await project.register('dead', { project: PROJECT, mode: 'online' }).catch((error: unknown) => error);
      expect((ofVariable as Error).message).toMatch(/"mode".*NEPTUNE_API_TOKEN.*ended on 5 March 2026/);
    } finally {
      delete process.env['NEPTUNE_API_TOKEN'];
    }
    await project.register('forced', { project: PROJECT, mode: 'online', apiToken, allowClosedService: true });
  });
});

describe('pipelines on a stack with Neptune, at a server', () => {
  let recorder: NeptuneRecorder;
  let project: NeptuneProject;
  beforeAll(async () => {
    recorder = await startNeptuneRecorder();
    project = await NeptuneProject.open({ project: PROJECT, mode: 'online', apiToken: recorder.token() });
  });
  afterAll(async () => {
    await project?.end();
    await recorder?.stop();
  });

  const told = (run: PipelineRun, name: string): RunAtNeptune => recorder.run(metadataOf(run, name, 'neptune_run_id'))!;

  test('one that completes', async () => {
    const run = await trains.run({}, { name: 'first' });
    const url = metadataOf(run, 'good', 'experiment_tracker_url');
    expect(url).toBe(`${recorder.server.url}/acme/wine/-/run/?customId=${told(run, 'good').id}`);
    expectLogged(told(run, 'good'), 'first');
    expect([...recorder.files.values()].map(String)).toEqual(['weights']);
    expect(JSON.stringify(run)).not.toContain(recorder.token());
  });

  test('one that fails', async () => {
    const run = await fails.run({}, { name: 'second' });
    expectLogged(told(run, 'good'), 'second');
    expectFailed(told(run, 'bad'));
    expect(recorder.runs.map((each) => `${each.text('sys/name')} ${each.text('status')}`).sort()).toEqual([
      'bad failed',
      'first completed',
      'good completed',
      'good completed',
      'second failed',
    ]);
  });
});

test.each([401, 429])(
  'from the middle of a run on answered with %i, a pipeline completes, says in one line what is the matter, and is delivered later, each point once',
  async (status) => {
    const recorder = await startNeptuneRecorder();
    const proxy = await startFaultyProxy(recorder.server.url);
    const project = await NeptuneProject.open({ project: PROJECT, mode: 'online', apiToken: recorder.token(proxy.url) });
    try {
      const train = step('train', tracked, async () => {
        const run = activeRun(neptune);
        run.logMetrics({ loss: 1 }, { step: 0 });
        const { runId } = await run.native();
        while (recorder.run(runId)?.series.size !== 1) await sleep(10);
        proxy.inject({
          kind: 'answer',
          status,
          headers: { 'content-type': 'application/json', 'retry-after': '1' },
          body: '{"message":"no"}',
        });
        recorder.revoke();
        for (let at = 1; at < 200; at++) run.logMetrics({ loss: 1 / at }, { step: at });
      });
      const run = await pipeline('outage', () => void train()).run();
      expect(run.status).toBe('completed');
      const told = async () => (await project.client.trackerStatus('team')).items[0]!;
      const { lastError, trackerRuns, events } = await told();
      expect(trackerRuns).toBe(2);
      // The answer to the first may have been among those that were refused.
      expect([199, 200]).toContain(events);
      expect(lastError).toMatch(
        new RegExp(`^Neptune at \\S+ answers .* with ${status}: no${status === 401 ? ': check the API token' : ''}$`),
      );
      proxy.clear();
      expect(await project.client.deliver()).toEqual([expect.objectContaining({ delivered: 2, left: 0 })]);
      expect(await told()).toMatchObject({ trackerRuns: 0, events: 0, lastError: null, setAside: [] });
      const kept = recorder.run(metadataOf(run, 'train', 'neptune_run_id'))!;
      expect(kept.series.get('metrics/loss')!.map(({ step: at }) => at)).toEqual(Array.from({ length: 200 }, (_, at) => at));
      expect(fieldsOf(kept, 'status', 'sys/failed')).toEqual(['completed', false]);
    } finally {
      await project.end();
      await proxy.stop();
      await recorder.stop();
    }
  },
);
