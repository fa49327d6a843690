import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, settingsFor, step } from '@mortise/core';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import wandb from '../index.ts';
import { readOfflineRun } from '../testing/offline-backend.ts';
import { readOnlineRun } from '../testing/read-run.ts';
import { KEY } from '../testing/tracker-at.ts';

const FLAVOR = JSON.stringify(new URL('../index.ts', import.meta.url).href);

type Metadata = { runMetadata: Record<string, { value: unknown }> };
interface Ran {
  name: string;
  steps: Record<string, Metadata | undefined>;
}

describe('pipelines on a stack with this flavor', () => {
  let recorder: WandbRecorder;
  let root: string;
  const before = { MORTISE_PROJECT: process.env['MORTISE_PROJECT'], WANDB_API_KEY: process.env['WANDB_API_KEY'] };
  beforeAll(async () => {
    recorder = await startWandbRecorder();
    root = mkdtempSync(join(tmpdir(), 'mortise-wandb-'));
    Object.assign(process.env, { MORTISE_PROJECT: root, WANDB_API_KEY: KEY });
    await initProject(root);
    writeFileSync(join(root, 'flavor.ts'), `export { default } from ${FLAVOR};\n`);
    await using client = new Client();
    await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
    const config = { online: { baseUrl: recorder.url }, offline: { mode: 'offline' }, disabled: { mode: 'disabled' } };
    for (const [name, given] of Object.entries(config)) {
      await client.registerComponent({ type: 'experiment-tracker', name, flavor: 'wandb', config: given });
      await client.registerStack(name, { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': name });
    }
  });
  afterAll(async () => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(root, { recursive: true, force: true });
    await recorder.stop();
  });

  const use = async (stack: string): Promise<void> => {
    await using client = new Client();
    await client.setActiveStack(stack);
  };
  const metadataOf = (run: Ran, name: string): Record<string, unknown> =>
    Object.fromEntries(Object.entries(run.steps[name]!.runMetadata).map(([key, { value }]) => [key, value]));

  test('online: a run that completed, with its page in the metadata, in the group of its pipeline run', async () => {
    await use('online');
    const settings = settingsFor(wandb, { project: 'wine', notes: 'from the *cellar*', config: { seed: 7 } });
    const train = step('train', { experimentTracker: true, settings: { ...settings } }, async () => {
      const run = activeRun(wandb);
      run.logParams({ lr: 0.1 });
      run.defineMetric('loss', { summary: 'min' });
      for (let i = 0; i < 5; i++) run.logMetric('loss', 1 / (i + 1), { step: i });
      run.logMetric('accuracy', 0.9);
      run.logTable('scores', [{ a: 1, b: 'x' }]);
      await run.logArtifact(new TextEncoder().encode('weights'), { path: 'model/weights.bin', type: 'model' });
      const { writer, id } = await run.native();
      await writer.alert({ title: 'half way', text: id });
    });
    const run = await pipeline('wine-online', () => void train()).run();
    expect(run.status).toBe('completed');
    const { experiment_tracker_url: url, ...others } = metadataOf(run, 'train');
    const id = String(url).split('/').at(-1)!;
    expect(url).toBe(`${recorder.url}/acme/wine/runs/${id}`);
    expect(others['wandb_run_path'] ?? `acme/wine/${id}`).toBe(`acme/wine/${id}`);
    const state = readOnlineRun(recorder, id)!;
    expect(state).toMatchObject({
      status: 'completed',
      name: 'train',
      group: run.name,
      note: 'from the *cellar*',
      params: { lr: 0.1, seed: 7 },
    });
    expect(state.metrics.filter(({ name }) => name === 'loss').map(({ step: at }) => at)).toEqual([0, 1, 2, 3, 4]);
    expect(state.metrics.filter(({ name }) => name === 'accuracy')).toEqual([{ name: 'accuracy', value: 0.9, step: 0 }]);
    const recorded = recorder.run(id)!;
    expect([recorded.jobType, recorded.exitCode, recorded.alerts.map(({ title }) => title)]).toEqual(['train', 0, ['half way']]);
    expect(JSON.parse(recorded.streams['wandb-summary.json']!.at(-1)!)).toMatchObject({
      loss: { min: 0.2 },
      scores: { _type: 'table-file', nrows: 1, ncols: 2 },
    });
    expect(recorder.artifacts.map(({ collection, type, committed }) => [collection, type, committed])).toEqual([
      [`run-${id}-scores`, 'run_table', true],
      ['model--weights.bin', 'model', true],
    ]);
    const parent = recorder.runs.find(({ displayName }) => displayName === run.name)!;
    expect([parent.groupName, parent.jobType, parent.exitCode]).toEqual([run.name, 'pipeline', 0]);
  });

  test('online: what is logged after native() is there at once; after env(), with which a program joins, when the step ends', async () => {
    await use('online');
    const rows: number[] = [];
    const train = step('train', { experimentTracker: true }, async () => {
      const run = activeRun(wandb);
      const { id } = await run.native();
      const count = (): number => recorder.run(id)?.streams['wandb-history.jsonl']?.length ?? 0;
      run.logMetric('loss', 1, { step: 0 });
      while (count() === 0) await pause(50);
      rows.push(count());
      await run.env();
      run.logMetric('loss', 2, { step: 1 });
      await pause(1_000);
      rows.push(count());
      return id;
    });
    const run = await pipeline('wine-shared', () => void train()).run();
    const id = String(metadataOf(run, 'train')['experiment_tracker_url']).split('/').at(-1)!;
    expect([run.status, rows, recorder.run(id)!.streams['wandb-history.jsonl']!.length]).toEqual(['completed', [1, 1], 2]);
  });

  test('online: a run that failed, with its error where people look', async () => {
    await use('online');
    const train = step('train', { experimentTracker: true }, () => {
      activeRun().logMetric('loss', 3, { step: 0 });
      throw new TypeError('no wine left');
    });
    const run = await pipeline('wine-fails', () => void train()).run();
    expect(run.status).toBe('failed');
    const id = String(metadataOf(run, 'train')['experiment_tracker_url']).split('/').at(-1)!;
    expect(readOnlineRun(recorder, id)).toMatchObject({ status: 'failed', error: 'TypeError: no wine left' });
    const { exitCode, streams, project } = recorder.run(id)!;
    expect([exitCode, project]).toEqual([1, 'wine-fails']);
    expect(streams['output.log']!.filter((line) => line.startsWith('ERROR ') && line.includes('TypeError: no wine left'))).toHaveLength(1);
    expect(streams['output.log']!.some((line) => line.includes('pipelines.test.ts'))).toBe(true);
  });

  test.each([
    ['completed', 0],
    ['failed', 1],
  ] as const)('offline: a run that %s is a file, and the metadata say where', async (status, code) => {
    await use('offline');
    const train = step('train', { experimentTracker: true }, () => {
      for (let i = 0; i < 5; i++) activeRun().logMetric('loss', 1 / (i + 1), { step: i });
      if (code === 1) throw new TypeError('no wine left');
    });
    const run = await pipeline(`wine-offline-${status}`, () => void train()).run();
    expect(run.status).toBe(status);
    const metadata = metadataOf(run, 'train');
    const log = fileURLToPath(String(metadata['experiment_tracker_url']));
    expect(log).toMatch(/\/wandb\/offline-run-\d{8}_\d{6}-([0-9a-z]+)\/run-\1\.wandb$/);
    const state = await readOfflineRun(log);
    expect(state).toMatchObject({ status, group: run.name, name: 'train' });
    expect(state.metrics).toHaveLength(5);
    if (code === 1) expect(state.error).toBe('TypeError: no wine left');
  });

  test('disabled: the step runs, and nothing is kept', async () => {
    await use('disabled');
    const count = recorder.requests.length;
    const train = step('train', { experimentTracker: true }, () => activeRun().logMetric('loss', 1));
    const run = await pipeline('wine-disabled', () => void train()).run();
    expect([run.status, recorder.requests.length]).toEqual(['completed', count]);
    expect(metadataOf(run as unknown as Ran, 'train')['experiment_tracker_url']).toBeUndefined();
  });
});
