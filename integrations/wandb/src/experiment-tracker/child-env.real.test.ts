import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorCommand, vendorPython } from '@mortise/test-servers';
import { startWandbRecorder, type WandbRecorder } from '@mortise/wandb-client/testing';

import { readOnlineRun, rowOf } from '../testing/read-run.ts';
import { curve, eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';

/** Names no run and no server: all that is in its environment. */
const CHILD = `
import wandb
with wandb.init(config={"child": 1}) as run:
    run.log({"child_loss": 0.5})
    run.log({"child_loss": 0.25})
`;

/** Of another server and another run, as they may stand in the environment of a developer. */
const ANOTHERS = {
  WANDB_BASE_URL: 'http://127.0.0.1:9',
  WANDB_API_KEY: 'x'.repeat(40),
  WANDB_RUN_ID: 'other',
  WANDB_PROJECT: 'other',
  WANDB_MODE: 'offline',
};

(canStart('vendor-clients') ? describe : describe.skip)('a Python program that a step starts with activeRun().env()', () => {
  let recorder: WandbRecorder;
  let folder: string;
  beforeAll(async () => {
    recorder = await startWandbRecorder();
    folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-child-'));
  });
  afterAll(async () => {
    await recorder?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('online: logs into the same run, does not end it, and what the step logs since goes behind it when the step ends', async () => {
    const tracker = await trackerWith({ baseUrl: recorder.url, apiKey: KEY, project: 'wine' });
    const run = await tracker.open(newIdentity(), newStart(), undefined, never);
    await run.deliver(eventsOf([{ kind: 'params', values: { lr: 0.1 } }, ...curve('loss', 3)]), never);
    const env = tracker.childEnv(run.ref);
    const delivered = run.deliver(eventsOf([...curve('loss', 2, 3), { kind: 'params', values: { late: true } }], 5), never);
    await vendorPython(CHILD, { ...ANOTHERS, ...env, WANDB_DIR: folder, WANDB_SILENT: 'true' }, folder);
    const id = run.ref.id!;
    expect(recorder.run(id)!.exitCode).toBe(0);
    run.ending!();
    await delivered;
    expect(readOnlineRun(recorder, id)!.status).toBe('running');
    await run.close({ status: 'failed', error: { name: 'TypeError', message: 'no wine left' } }, Date.now(), never);
    const state = readOnlineRun(recorder, id)!;
    expect(state).toMatchObject({ status: 'failed', params: { lr: 0.1, child: 1, late: true } });
    const points = state.metrics.filter(({ name }) => name.includes('loss')).map(({ name, step }) => [name, step]);
    expect(points).toEqual([...[0, 1, 2].map((step) => ['loss', step]), ['child_loss', 3], ['child_loss', 4], ['loss', 3], ['loss', 4]]);
    const steps = recorder.run(id)!.streams['wandb-history.jsonl']!.map((line) => rowOf(line)['_step']);
    expect(steps).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([recorder.run(id)!.overwritten, recorder.runs.length]).toEqual([0, 1]);
  });

  test('leaves the name, the notes, the tags and the kind of the run as they were, whatever variables name others', async () => {
    const names = { WANDB_NAME: 'another', WANDB_NOTES: 'others', WANDB_TAGS: 'x,y', WANDB_JOB_TYPE: 'eval' };
    const before = { ...process.env };
    Object.assign(process.env, names);
    try {
      const tracker = await trackerWith({ baseUrl: recorder.url, apiKey: KEY, project: 'wine' });
      const start = newStart({ name: 'fit-3', group: 'wine-1', tags: { team: 'red' }, settings: { jobType: 'fit', notes: 'ours' } });
      const run = await tracker.open(newIdentity(), start, undefined, never);
      await run.deliver(eventsOf([{ kind: 'tags', set: { late: 'true' } }]), never);
      const shown = (): unknown => {
        const { displayName, groupName, jobType, notes, tags } = recorder.run(run.ref.id!)!;
        return { displayName, groupName, jobType, notes, tags };
      };
      const told = { displayName: 'fit-3', groupName: 'wine-1', jobType: 'fit', notes: 'ours', tags: ['x', 'y', 'team:red', 'late'] };
      expect(shown()).toEqual(told);
      const env = { ...names, ...tracker.childEnv(run.ref), WANDB_DIR: folder, WANDB_SILENT: 'true' };
      await vendorPython(CHILD, env, folder);
      expect(shown()).toEqual(told);
      run.ending!();
      await run.close({ status: 'completed' }, Date.now(), never);
      expect(shown()).toEqual(told);
    } finally {
      for (const name of Object.keys(names)) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  test('offline: writes files of the same run beside those of the step; synced in turn both are in it, with the summary of the last', async () => {
    const tracker = await trackerWith({ mode: 'offline', dir: folder, entity: 'acme', project: 'wine' });
    const run = await tracker.open(newIdentity(), newStart(), undefined, never);
    await run.deliver(eventsOf([{ kind: 'params', values: { lr: 0.1 } }, ...curve('loss', 3)]), never);
    await vendorPython(CHILD, { ...ANOTHERS, ...tracker.childEnv(run.ref), WANDB_SILENT: 'true' }, folder);
    await run.close({ status: 'completed' }, Date.now(), never);
    const id = run.ref.id!;
    const folders = readdirSync(join(folder, 'wandb')).filter((name) => name.startsWith('offline-run-') && name.endsWith(`-${id}`));
    expect(folders).toHaveLength(2);
    const env = { WANDB_BASE_URL: recorder.url, WANDB_API_KEY: KEY };
    for (const name of folders.sort()) expect((await vendorCommand('wandb', ['sync', join('wandb', name)], env, folder)).code).toBe(0);
    const { params, metrics } = readOnlineRun(recorder, id)!;
    expect(params).toEqual({ lr: 0.1, child: 1 });
    expect(metrics.map(({ name, step }) => [name, step])).toEqual([
      ...[0, 1, 2].map((step) => ['loss', step]),
      ['child_loss', 3],
      ['child_loss', 4],
    ]);
    const summary = rowOf(recorder.run(id)!.streams['wandb-summary.json']!.at(-1)!);
    expect(Object.keys(summary).filter((name) => name.includes('loss'))).toEqual(['child_loss']);
  });
});
