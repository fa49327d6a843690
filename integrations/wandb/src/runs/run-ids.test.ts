import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { activeRun, Client, initProject, pipeline, settingsFor, step } from '@mortise/core';
import { startFaultyProxy, type Fault, type FaultyProxy } from '@mortise/test-servers';
import { startWandbRecorder, type RecordedRun, type WandbRecorder } from '@mortise/wandb-client/testing';

import type { WandbTrackerSettings } from '../experiment-tracker/wandb-tracker-settings.ts';
import wandb from '../index.ts';
import { KEY } from '../testing/tracker-at.ts';

const FLAVOR = JSON.stringify(new URL('../index.ts', import.meta.url).href);

describe('a pipeline whose step has an id at W&B', () => {
  let recorder: WandbRecorder;
  let proxy: FaultyProxy;
  let root: string;
  const before = { MORTISE_PROJECT: process.env['MORTISE_PROJECT'], WANDB_API_KEY: process.env['WANDB_API_KEY'] };
  beforeAll(async () => {
    recorder = await startWandbRecorder();
    proxy = await startFaultyProxy(recorder.url);
    root = mkdtempSync(join(tmpdir(), 'mortise-wandb-ids-'));
    Object.assign(process.env, { MORTISE_PROJECT: root, WANDB_API_KEY: KEY });
    await initProject(root);
    writeFileSync(join(root, 'flavor.ts'), `export { default } from ${FLAVOR};\n`);
    await using client = new Client();
    await client.registerFlavor({ type: 'experiment-tracker', source: './flavor.ts' });
    const config = { baseUrl: proxy.url };
    await client.registerComponent({ type: 'experiment-tracker', name: 'team', flavor: 'wandb', config });
    await client.registerStack('online', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'team' });
    await client.setActiveStack('online');
  });
  afterAll(async () => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    rmSync(root, { recursive: true, force: true });
    await proxy.stop();
    await recorder.stop();
  });

  const rowsOf = (run: RecordedRun | undefined): number => run?.streams['wandb-history.jsonl']?.length ?? 0;

  /** A run of a step that logs six points, after the first three of which something may happen. */
  async function ran(settings: Partial<WandbTrackerSettings>, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<string> {
    const train = step('train', { experimentTracker: true, cache: false, settings: { ...settingsFor(wandb, settings) } }, async () => {
      for (let at = 0; at < 3; at++) activeRun().logMetric('loss', at, { step: at });
      await meanwhile();
      for (let at = 3; at < 6; at++) activeRun().logMetric('loss', at, { step: at });
    });
    return (await pipeline('ids', () => void train()).run()).status;
  }

  async function lastError(): Promise<string | null | undefined> {
    await using client = new Client();
    return (await client.trackerStatus('team')).items[0]?.lastError;
  }

  async function dropAll(): Promise<void> {
    await using client = new Client();
    await client.dropUndelivered({ component: 'team' });
  }

  test('goes on with the run of the id, or refuses to, as "resume" says: the step is not in the way, and the reason is told', async () => {
    expect(await ran({ runId: 'r1', resume: 'must' })).toBe('completed');
    expect(await lastError()).toBe('there is no W&B run "r1", and resume is "must": "mortise tracker drop" gives it up');
    await dropAll();
    expect(await ran({ runId: 'r1', resume: 'never' })).toBe('completed');
    expect([rowsOf(recorder.run('r1')), await lastError()]).toEqual([6, null]);
    expect(await ran({ runId: 'r1', resume: 'never' })).toBe('completed');
    expect(await lastError()).toBe('there is a W&B run "r1", and resume is "never": "mortise tracker drop" gives it up');
    await dropAll();
    for (const resume of ['must', 'allow'] as const) expect(await ran({ runId: 'r1', resume })).toBe('completed');
    expect([rowsOf(recorder.run('r1')), recorder.run('r1')!.overwritten, recorder.run('r1')!.exitCode]).toEqual([18, 0, 0]);
  });

  test.each<[string, Fault, RegExp]>([
    [
      'key is taken away',
      { kind: 'answer', status: 401, body: '{}' },
      /^Weights & Biases at \S+ does not know this API key; .*\(401\): check apiKey, or WANDB_API_KEY$/,
    ],
    [
      'server counts too many requests',
      { kind: 'answer', status: 429, body: '{}' },
      /^Weights & Biases at \S+ asks to come back later for .*\(429\)$/,
    ],
  ])(
    'whose %s in the middle of a run loses nothing: one line says what it is, and a delivery brings the rest',
    async (what, fault, says) => {
      const runId = what.replaceAll(' ', '-');
      let injected: { remove(): void } | undefined;
      const status = await ran({ runId }, async () => {
        while (rowsOf(recorder.run(runId)) < 3) await pause(20);
        injected = proxy.inject(fault);
      });
      expect([status, rowsOf(recorder.run(runId)), recorder.run(runId)!.complete]).toEqual(['completed', 3, false]);
      expect(await lastError()).toMatch(says);
      injected!.remove();
      await using client = new Client();
      await client.deliver({ component: 'team' });
      expect([rowsOf(recorder.run(runId)), recorder.run(runId)!.overwritten, recorder.run(runId)!.exitCode]).toEqual([6, 0, 0]);
      expect(await lastError()).toBeNull();
    },
  );
});
