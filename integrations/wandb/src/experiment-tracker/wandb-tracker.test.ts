import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ArtifactNotFound, isError, Permanent, type LoggedEvent, type TrackerRunIdentity, type TrackerRunRef } from '@mortise/core';
import { WandbClient } from '@mortise/wandb-client';
import { startWandbRecorder, type RecordedRun, type WandbRecorder } from '@mortise/wandb-client/testing';

import { readOfflineRun } from '../testing/offline-backend.ts';
import { readOnlineRun, rowOf } from '../testing/read-run.ts';
import { artifactEvent } from '../testing/scenarios.ts';
import { curve, eventsOf, KEY, never, newIdentity, newStart, trackerWith } from '../testing/tracker-at.ts';
import type { RunStory } from './run-story.ts';
import type { WandbTrackerConfig } from './wandb-tracker-config.ts';
import type { WandbTrackerRun } from './wandb-tracker-run.ts';
import type { WandbTracker } from './wandb-tracker.ts';

let recorder: WandbRecorder;
beforeEach(async () => void (recorder = await startWandbRecorder()));
afterEach(() => recorder.stop());

const tracker = (config: Partial<WandbTrackerConfig> = {}, warnings: string[] = []): Promise<WandbTracker> =>
  trackerWith({ baseUrl: recorder.url, apiKey: KEY, ...config }, { warnings });
const recorded = ({ id }: TrackerRunRef): RecordedRun => recorder.run(id!)!;
const storyOf = (ref: TrackerRunRef): RunStory => recorded(ref).config['mortise']!.value as RunStory;

describe('a run', () => {
  test('goes to the project of its settings, then of its experiment, then of the config, then of its pipeline', async () => {
    const at = async (config: Partial<WandbTrackerConfig>, settings: object, pipeline = 'other'): Promise<string> => {
      const start = newStart({ experiment: 'red/white: 50%', tags: { 'mortise.pipeline': pipeline }, settings });
      return (await (await tracker(config)).open(newIdentity(), start, undefined, never)).ref.url!;
    };
    expect(await at({ project: 'wine' }, {})).toContain('/acme/red-white-%2050-/runs/');
    expect(await at({}, {}, 'red/white: 50%')).toContain('/acme/red-white-%2050-/runs/');
    expect(await at({ project: 'wine' }, {}, 'red/white: 50%')).toContain('/acme/wine/runs/');
    expect(await at({ project: 'wine', entity: 'me' }, { project: 'beer', entity: 'team' })).toContain('/team/beer/runs/');
  });

  test('is of the kind of its step, that of the pipeline run of its own', async () => {
    const open = async (over: object, settings = {}): Promise<RecordedRun> =>
      recorded((await (await tracker()).open(newIdentity(over), newStart({ settings }), undefined, never)).ref);
    expect((await open({})).jobType).toBe('train');
    expect((await open({}, { jobType: 'fit' })).jobType).toBe('fit');
    const { stepId: _step, ...parent } = newIdentity();
    expect(recorded((await (await tracker()).open(parent, newStart(), undefined, never)).ref).jobType).toBe('pipeline');
  });

  test('has long names cut where W&B takes no more, and whole in its config', async () => {
    const [name, long] = ['n'.repeat(200), 'l'.repeat(100)];
    const { ref } = await (await tracker()).open(newIdentity(), newStart({ name, tags: { long, short: 'x' } }), undefined, never);
    expect(recorded(ref).displayName).toBe(`${'n'.repeat(127)}…`);
    expect(recorded(ref).tags).toEqual(['short:x']);
    expect(storyOf(ref)).toMatchObject({ name, tags: { long, short: 'x' } });
  });

  test.each(['online', 'offline'] as const)(
    '%s, once begun, is gone on with, although "resume" is "never" and another one came after it',
    async (mode) => {
      const dir = mkdtempSync(join(tmpdir(), 'mortise-wandb-never-'));
      const at = await tracker({ mode, dir, project: 'wine' });
      const [one, other] = [newIdentity(), newIdentity()];
      const start = (resume: string, over = {}) => newStart({ settings: { runId: 'r1', resume }, ...over });
      const first = await at.open(one, start('never'), undefined, never);
      await first.deliver(eventsOf(curve('loss', 2)), never);
      const known = await first.close({ status: 'completed' }, Date.now(), never);
      const second = await at.open(other, start('allow'), undefined, never);
      await second.deliver(eventsOf(curve('other', 1, 2)), never);
      await second.close({ status: 'completed' }, Date.now(), never);
      const again = await at.open(one, start('never', { again: true }), known, never);
      await again.deliver(eventsOf(curve('late', 1, 3), 9), never);
      const ref = await again.close({ status: 'completed' }, Date.now(), never);
      const { metrics } = mode === 'online' ? readOnlineRun(recorder, 'r1')! : await readOfflineRun(fileURLToPath(ref.url!));
      expect(metrics.map(({ name }) => name)).toEqual(['loss', 'loss', 'other', 'late']);
      rmSync(dir, { recursive: true });
    },
  );

  test('of which another one has the id is gone on with, unless that is forbidden', async () => {
    const client = new WandbClient({ apiKey: KEY, baseUrl: recorder.url });
    await client.begin({ id: 'r1', entity: 'acme', project: 'wine', config: { old: 1 }, startedAt: 0 });
    const open = async (settings: object): Promise<TrackerRunRef> =>
      (await (await tracker({ project: 'wine' })).open(newIdentity(), newStart({ settings }), undefined, never)).ref;
    const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
    for (const [settings, says] of [
      [{ runId: 'r1', resume: 'never' }, 'there is a W&B run "r1", and resume is "never": "mortise tracker drop" gives it up'],
      [{ runId: 'r2', resume: 'must' }, 'there is no W&B run "r2", and resume is "must": "mortise tracker drop" gives it up'],
    ] as const) {
      const error = await failure(open(settings));
      expect(isError(error, Permanent) && error.message).toBe(says);
    }
    const ref = await open({ runId: 'r1' });
    expect(ref.url).toBe(`${recorder.url}/acme/wine/runs/r1`);
    expect(recorded(ref).config).toMatchObject({ old: { value: 1 }, mortise: { value: { step: 'train' } } });
    expect((await open({ runId: 'r9', resume: 'never' })).id).toBe('r9');
  });

  test('that two steps share has the rows of both, whatever their numbers in the event log', async () => {
    const start = newStart({ settings: { runId: 'r1' } });
    const one = await (await tracker()).open(newIdentity(), start, undefined, never);
    await one.deliver(eventsOf(curve('one', 3), 100), never);
    await one.close({ status: 'completed' }, Date.now(), never);
    const identity = newIdentity({ stepId: 'test' });
    await (await tracker()).open(identity, start, undefined, never);
    const two = await (await tracker()).open(identity, start, undefined, never);
    await two.deliver(eventsOf(curve('two', 3), 1), never);
    expect(recorded(two.ref).streams['wandb-history.jsonl']).toHaveLength(6);
  });

  test('that was deleted there is said to be, with what can be done', async () => {
    const known: TrackerRunRef = { id: 'gone', ids: { wandb_run_id: 'gone', wandb_entity: 'acme', wandb_project: 'wine' } };
    const opened = (await tracker()).open(newIdentity(), newStart(), known, never);
    await expect(opened).rejects.toThrow(/the W&B run gone is not at .*\/acme\/wine\/runs\/gone any more: .*mortise tracker drop/);
  });

  test('of a pipeline run that goes on after its end runs again, and has its new end', async () => {
    const identity = newIdentity();
    const first = await (await tracker()).open(identity, newStart(), undefined, never);
    await first.deliver(eventsOf(curve('loss', 2)), never);
    const ref = await first.close({ status: 'failed', error: { name: 'E', message: 'once' } }, Date.now(), never);
    const again = await (await tracker()).open(identity, newStart({ resumed: true }), ref, never);
    expect(storyOf(ref).status).toBe('running');
    expect(storyOf(ref).error).toBeUndefined();
    await again.close({ status: 'completed' }, Date.now(), never);
    expect(readOnlineRun(recorder, ref.id!)).toMatchObject({ status: 'completed', metrics: [{ step: 0 }, { step: 1 }] });
  });
});

describe("what the vendor's variables say", () => {
  const variables = { WANDB_RUN_GROUP: 'grid', WANDB_NAME: 'night', WANDB_NOTES: 'by night', WANDB_TAGS: 'a, b', WANDB_JOB_TYPE: 'sweep' };
  beforeEach(() => void Object.assign(process.env, variables));
  afterEach(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });

  test('holds where nothing else is set; the name is that of the pipeline run', async () => {
    const { stepId: _step, ...parent } = newIdentity();
    const whole = recorded((await (await tracker()).open(parent, newStart({ tags: { c: '' } }), undefined, never)).ref);
    expect(whole).toMatchObject({ displayName: 'night', groupName: 'grid', notes: 'by night', tags: ['a', 'b', 'c'], jobType: 'sweep' });
    const settings = { notes: 'mine', jobType: 'fit' };
    const own = recorded((await (await tracker()).open(newIdentity(), newStart({ settings }), undefined, never)).ref);
    expect(own).toMatchObject({ displayName: 'train', groupName: 'grid', notes: 'mine', jobType: 'fit' });
  });
});

test('WANDB_HOST names the machine, and WANDB_DISABLE_GIT keeps what git says to oneself', async () => {
  const source = { command: ['node', 'train.ts'], host: 'mine', commit: 'c0ffee', branch: 'main', dirty: true };
  const open = async (): Promise<TrackerRunRef> =>
    (await (await tracker()).open(newIdentity(), newStart({ source }), undefined, never)).ref;
  expect(storyOf(await open())).toMatchObject({ commit: 'c0ffee', branch: 'main', dirty: true });
  Object.assign(process.env, { WANDB_HOST: 'theirs', WANDB_DISABLE_GIT: 'true' });
  const ref = await open();
  delete process.env['WANDB_HOST'];
  delete process.env['WANDB_DISABLE_GIT'];
  expect(recorded(ref).host).toBe('theirs');
  expect(Object.keys(storyOf(ref))).not.toEqual(expect.arrayContaining(['commit']));
  expect(JSON.stringify(recorded(ref))).not.toMatch(/c0ffee|"branch"|"dirty"/);
});

describe('a file of an offline run', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-wandb-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = async (identity: TrackerRunIdentity, known?: TrackerRunRef): Promise<WandbTrackerRun> =>
    (await trackerWith({ mode: 'offline', dir: folder })).open(identity, newStart(), known, never) as Promise<WandbTrackerRun>;

  test('says how to bring it to the server', async () => {
    const { ref } = await open(newIdentity());
    expect(ref.ids['wandb_sync_command']).toBe(`wandb sync ${dirname(fileURLToPath(ref.url!))}`);
  });

  test('that is damaged is not written to, and it is said what can be done', async () => {
    const identity = newIdentity();
    const { ref } = await open(identity);
    writeFileSync(fileURLToPath(ref.url!), 'no log at all, but something else');
    const error: unknown = await open(identity, ref).catch((failure: unknown) => failure);
    expect(isError(error, Permanent) && error.message).toMatch(
      /is damaged at byte 0: .*: move its folder away, and the run is written anew/,
    );
  });

  test('for which there is no place among the others is set aside, and holds nothing else back', async () => {
    const read = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('bytes'));
    };
    const offline = await trackerWith({ mode: 'offline', dir: folder });
    const run = await offline.open(newIdentity(), newStart({ readArtifact: read }), undefined, never);
    const [long, longest] = ['l'.repeat(251), 'ß'.repeat(128)];
    const paths = ['plots', 'plots/deep/a.png', 'data/b.csv', 'data', `${long}.txt`, `${longest}.txt`];
    const events = eventsOf([...paths.map((path) => artifactEvent(path)), ...curve('loss', 2)]);
    const { through, rejected } = await run.deliver(events, never);
    expect([through, rejected?.map(({ seq, why }) => [seq, why])]).toEqual([
      { w: 8 },
      [
        [2, '"plots/deep/a.png" was not uploaded: the run has a file where it needs a folder, or the other way round (EEXIST)'],
        [4, '"data" was not uploaded: the run has a file where it needs a folder, or the other way round (EISDIR)'],
        [6, `"${longest}.txt" was not uploaded: its name is too long for a file (ENAMETOOLONG)`],
      ],
    ]);
    const ref = await run.close({ status: 'completed' }, Date.now(), never);
    const files = join(dirname(fileURLToPath(ref.url!)), 'files');
    expect(readdirSync(files, { recursive: true }).sort()).toEqual(['data', 'data/b.csv', `${long}.txt`, 'plots'].sort());
  });

  test('loses what was written after the last ref that was stored, and has it once when it comes again', async () => {
    const identity = newIdentity();
    const run = await open(identity);
    const events = eventsOf(curve('loss', 30));
    const { ref } = await run.deliver(events.slice(0, 10), never);
    await run.deliver(events.slice(10, 20), never);
    const again = await open(identity, JSON.parse(JSON.stringify(ref)) as TrackerRunRef);
    await again.deliver(events.slice(10), never);
    await again.close({ status: 'completed' }, Date.now(), never);
    const { metrics, status } = await readOfflineRun(fileURLToPath(ref.url!));
    expect([status, metrics.map(({ step }) => step)]).toEqual(['completed', Array.from({ length: 30 }, (_, step) => step)]);
  });

  test('that two steps share has one after the other, with the end of each, and all rows when the first is gone on with', async () => {
    const start = newStart({ settings: { runId: 'shared' } });
    const [one, other] = [newIdentity(), newIdentity()];
    const offline = await trackerWith({ mode: 'offline', dir: folder });
    const first = await offline.open(one, start, undefined, never);
    await first.deliver(eventsOf(curve('loss', 2)), never);
    await expect(offline.open(other, start, undefined, never)).rejects.toMatchObject({ code: 'TRANSIENT' });
    const known = JSON.parse(JSON.stringify(await first.close({ status: 'completed' }, Date.now(), never))) as TrackerRunRef;
    const second = await offline.open(other, start, undefined, never);
    await second.deliver(eventsOf(curve('other', 2, 2)), never);
    await second.close({ status: 'killed', reason: 'enough' }, Date.now(), never);
    expect(await readOfflineRun(fileURLToPath(known.url!))).toMatchObject({ status: 'killed', error: 'Killed: enough' });
    const again = await offline.open(one, { ...start, again: true }, known, never);
    await again.deliver(eventsOf(curve('late', 1, 4)), never, true);
    const { url } = await again.close({ status: 'completed' }, Date.now(), never);
    const { metrics } = await readOfflineRun(fileURLToPath(url!));
    expect(metrics.map(({ name, step }) => [name, step])).toEqual([
      ['loss', 0],
      ['loss', 1],
      ['other', 2],
      ['other', 3],
      ['late', 4],
    ]);
  });

  test('of an id that another one has had is not gone on with where "resume" is "never"', async () => {
    const offline = await trackerWith({ mode: 'offline', dir: folder });
    const [one, other] = [newIdentity(), newIdentity()];
    const start = newStart({ settings: { runId: 'shared', resume: 'never' } });
    const first = await offline.open(one, start, undefined, never);
    await first.deliver(eventsOf(curve('loss', 2)), never);
    const ref = await first.close({ status: 'completed' }, Date.now(), never);
    const error = await offline.open(other, start, undefined, never).catch((thrown: unknown) => thrown);
    expect(isError(error, Permanent) && error.message).toBe(
      'there is a W&B run "shared", and resume is "never": "mortise tracker drop" gives it up',
    );
    expect((await offline.open(one, start, ref, never)).ref.url).toBe(ref.url);
    expect((await readOfflineRun(fileURLToPath(ref.url!))).metrics).toHaveLength(2);
  });

  test('of an id that is set goes on behind all that can be read, whatever a machine that went down has left after that', async () => {
    const start = newStart({ settings: { runId: 'shared' } });
    const [one, other] = [newIdentity(), newIdentity()];
    const offline = await trackerWith({ mode: 'offline', dir: folder });
    const first = await offline.open(one, start, undefined, never);
    await first.deliver(eventsOf(curve('loss', 2)), never);
    const known = JSON.parse(JSON.stringify(await first.close({ status: 'completed' }, Date.now(), never))) as TrackerRunRef;
    const second = await offline.open(other, start, undefined, never);
    await second.deliver(eventsOf(curve('other', 2, 2)), never);
    const ref = await second.close({ status: 'completed' }, Date.now(), never);
    appendFileSync(fileURLToPath(ref.url!), Buffer.alloc(100_000, 7));
    for (const [identity, before, step] of [
      [other, ref, 4],
      [one, known, 5],
    ] as const) {
      const again = await offline.open(identity, { ...start, again: true }, before, never);
      await again.deliver(eventsOf(curve('late', 1, step), 9), never, true);
      await again.close({ status: 'completed' }, Date.now(), never);
      if (identity === other) appendFileSync(fileURLToPath(ref.url!), Buffer.alloc(100_000, 7));
    }
    const { metrics } = await readOfflineRun(fileURLToPath(ref.url!));
    expect(metrics.map(({ name, step }) => `${name} ${step}`)).toEqual(['loss 0', 'loss 1', 'other 2', 'other 3', 'late 4', 'late 5']);
  });

  test('has what was left to a close that did not come when it comes again, though the ref was stored meanwhile', async () => {
    const identity = newIdentity();
    const run = await open(identity);
    const events = eventsOf(curve('loss', 20));
    await run.deliver(events.slice(0, 10), never);
    const { ref } = await run.deliver(events.slice(10), never, true);
    const again = await open(identity, JSON.parse(JSON.stringify(ref)) as TrackerRunRef);
    await again.deliver(events.slice(10), never, true);
    await again.close({ status: 'completed' }, Date.now(), never);
    const { metrics } = await readOfflineRun(fileURLToPath(ref.url!));
    expect(metrics.map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, step) => step));
  });
});

describe('steps that go back', () => {
  test('are told once for each metric, and arrive with their own step', async () => {
    const warnings: string[] = [];
    const run = await (await tracker({}, warnings)).open(newIdentity(), newStart(), undefined, never);
    await run.deliver(eventsOf(curve('loss', 5)), never);
    await run.deliver(eventsOf([...curve('acc', 3), ...curve('loss', 1, 5)], 6), never);
    expect(warnings).toEqual([expect.stringMatching(/train: W&B takes steps in rising order: points of "acc" .* "mortise\/step"/)]);
    expect(recorded(run.ref).streams['wandb-history.jsonl']!.map((line) => rowOf(line)['_step'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const points = readOnlineRun(recorder, run.ref.id!)!.metrics.filter(({ name }) => name === 'acc');
    expect(points.map(({ step }) => step)).toEqual([0, 1, 2]);
  });
});

describe('files of names that W&B uses itself', () => {
  test('take no place of its own, and it is told where they are', async () => {
    const warnings: string[] = [];
    const events = eventsOf([
      artifactEvent('output.log'),
      artifactEvent('Config.YAML'),
      artifactEvent('logs/output.log'),
      { kind: 'json', name: 'wandb-summary', mime: 'application/json', value: { a: 1 } },
    ]);
    const read = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from('mine'));
    };
    const run = await (await tracker({}, warnings)).open(newIdentity(), newStart({ readArtifact: read }), undefined, never);
    const { rejected } = await run.deliver(events, never);
    expect([rejected, Object.keys(recorded(run.ref).files)]).toEqual([
      undefined,
      ['mortise/output.log', 'mortise/Config.YAML', 'logs/output.log', 'mortise/wandb-summary.json'],
    ]);
    expect(warnings).toEqual(
      ['output.log', 'Config.YAML', 'wandb-summary.json'].map(
        (name) => `train: W&B keeps a file "${name}" of its own for each run: the one that was logged is "mortise/${name}" there`,
      ),
    );
  });
});

describe('what cannot be taken', () => {
  test.each(['online', 'offline'] as const)('is taken when it is sent again, though what came after it had arrived: %s', async (mode) => {
    const dir = mkdtempSync(join(tmpdir(), 'mortise-wandb-'));
    let isThere = false;
    const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
      if (!isThere) throw new ArtifactNotFound({ what: 'w.bin', where: 'the artifact store' });
      yield await Promise.resolve(Buffer.from('weights'));
    };
    const identity = newIdentity();
    const open = async (known?: TrackerRunRef, over: object = {}) =>
      (await tracker({ mode, dir })).open(identity, newStart({ readArtifact, ...over }), known, never);
    const events = eventsOf([
      { kind: 'metrics', values: { _step: 5, loss: 1 }, step: 0 },
      artifactEvent('w.bin'),
      { kind: 'metrics', values: { loss: 2 }, step: 1 },
    ]);
    const run = await open();
    expect((await run.deliver(events, never)).rejected).toHaveLength(2);
    const known = await run.close({ status: 'completed' }, Date.now(), never);
    isThere = true;
    const again = await open(JSON.parse(JSON.stringify(known)) as TrackerRunRef, { again: true });
    const { rejected, through } = await again.deliver(events.slice(0, 2), never, true);
    expect([rejected?.map(({ seq }) => seq), through]).toEqual([[1], { w: 2 }]);
    const ref = await again.close({ status: 'completed' }, Date.now(), never);
    expect((ref.state as { through: object }).through).toEqual({ w: 3 });
    const state = mode === 'online' ? readOnlineRun(recorder, ref.id!)! : await readOfflineRun(fileURLToPath(ref.url!));
    expect([Object.keys(state.artifacts), state.metrics.map(({ step }) => step), state.status]).toEqual([['w.bin'], [0, 1], 'completed']);
    rmSync(dir, { recursive: true });
  });

  test.each(['online', 'offline'] as const)(
    'is there once when the process that sent it again ended before it was told: %s',
    async (mode) => {
      const dir = mkdtempSync(join(tmpdir(), 'mortise-wandb-'));
      const identity = newIdentity();
      const open = async (known?: TrackerRunRef, over: object = {}): Promise<WandbTrackerRun> =>
        (await tracker({ mode, dir })).open(
          identity,
          newStart(over),
          known && (JSON.parse(JSON.stringify(known)) as TrackerRunRef),
          never,
        ) as Promise<WandbTrackerRun>;
      const events = eventsOf([...curve('loss', 5), { kind: 'log', stream: 'out', text: 'one line' }]);
      const run = await open();
      await run.deliver([...events.slice(0, 2), events[4]!], never);
      let known = await run.close({ status: 'completed' }, Date.now(), never);
      const setAside = [events[2]!, events[3]!, events[5]!];
      // It ends between two batches, then before what the tracker says is stored, then behind the end of the run: all of it is still to be sent again.
      const first = await open(known, { again: true });
      known = (await first.deliver(setAside.slice(1, 2), never)).ref;
      await (await open(known, { again: true })).deliver(setAside.slice(0, 1), never);
      for (let times = 0; times < 2; times++) {
        const again = await open(known, { again: true });
        expect((await again.deliver(setAside, never, true)).through).toEqual({ w: 6 });
        known = await again.close({ status: 'completed' }, Date.now(), never);
      }
      // The process that has nothing to send again finds it whole.
      const last = await (await open(known)).close({ status: 'completed' }, Date.now(), never);
      const state = mode === 'online' ? readOnlineRun(recorder, last.id!)! : await readOfflineRun(fileURLToPath(last.url!));
      expect([state.metrics.map(({ step }) => step), state.logs?.length, state.status]).toEqual([[0, 1, 4, 3, 2], 1, 'completed']);
      rmSync(dir, { recursive: true });
    },
  );

  test('since the server refuses it stands in the way of nothing else, and nothing that came with it is there twice', async () => {
    const http: typeof fetch = (url, init) =>
      typeof init?.body === 'string' && init.body.includes('too long')
        ? Promise.resolve(Response.json({ error: 'too large' }, { status: 413 }))
        : fetch(url, init);
    const strict = await trackerWith({ baseUrl: recorder.url, apiKey: KEY }, { http });
    const run = await strict.open(newIdentity(), newStart(), undefined, never);
    const events = eventsOf([
      { kind: 'dataset', name: 'wine' },
      { kind: 'params', values: { text: 'too long' } },
      { kind: 'params', values: { lr: 2 } },
    ]);
    // As core does: all, then each of them.
    await expect(run.deliver(events, never)).rejects.toThrow('too large');
    await run.deliver(events.slice(0, 1), never);
    await expect(run.deliver(events.slice(1, 2), never)).rejects.toThrow('too large');
    expect((await run.deliver(events.slice(2), never)).through).toEqual({ w: 3 });
    await run.close({ status: 'completed' }, Date.now(), never);
    expect(storyOf(run.ref)).toMatchObject({ datasets: [{ name: 'wine' }], status: 'completed' });
    expect([recorded(run.ref).config['lr'], recorded(run.ref).config['text']]).toEqual([{ value: 2 }, undefined]);
  });

  test.each<[string, LoggedEvent, string, number?]>([
    ['for its name', { kind: 'metrics', values: { _step: 5, loss: 9 }, step: 9 }, '_step'],
    ['since its file is gone', artifactEvent('w.bin'), '"w.bin" was not uploaded'],
    ['by the server', { kind: 'params', values: { text: 'too long' } }, 'too large'],
    ['by the server, and nothing follows', { kind: 'params', values: { text: 'too long' } }, 'too large', 0],
  ])(
    'is told when it is tried again, though what came with it had arrived and the answer was lost: %s',
    async (_, refused, says, after = 2) => {
      let isLost = false;
      const http: typeof fetch = async (url, init) => {
        const isRefused = typeof init?.body === 'string' && init.body.includes('too long');
        const answer = isRefused ? Response.json({ error: 'too large' }, { status: 413 }) : await fetch(url, init);
        if (isLost) throw new TypeError('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) });
        return answer;
      };
      const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.reject<Uint8Array>(new ArtifactNotFound({ what: 'w.bin', where: 'the artifact store' }));
      };
      const identity = newIdentity();
      const open = async (known?: TrackerRunRef): Promise<WandbTrackerRun> =>
        (await trackerWith({ baseUrl: recorder.url, apiKey: KEY }, { http })).open(
          identity,
          newStart({ readArtifact }),
          known && (JSON.parse(JSON.stringify(known)) as TrackerRunRef),
          never,
        ) as Promise<WandbTrackerRun>;
      const events = eventsOf([...curve('loss', 2), refused, ...curve('loss', after, 2)]);
      /** As core does: all, and each by itself where that is refused. */
      const told = async (run: WandbTrackerRun, sent = events): Promise<[number, string][]> => {
        try {
          const { rejected = [], through } = await run.deliver(sent, never);
          expect(through).toEqual({ w: sent.at(-1)!.seq });
          return rejected.map(({ seq, why }) => [seq, why]);
        } catch (error) {
          if (!isError(error, Permanent)) throw error;
          if (sent.length === 1) return [[sent[0]!.seq, error.message]];
          return [...(await told(run, sent.slice(0, sent.length >> 1))), ...(await told(run, sent.slice(sent.length >> 1)))];
        }
      };
      const run = await open();
      const { ref } = run;
      isLost = true;
      await expect(told(run)).rejects.toMatchObject({ code: 'TRANSIENT' });
      isLost = false;
      const expected = [[3, expect.stringContaining(says)]];
      expect(await told(run)).toEqual(expected);
      await run.close({ status: 'completed' }, Date.now(), never);
      // Nothing of that was stored: another process knows of it only what the run tells.
      const again = await open(ref);
      expect(await told(again)).toEqual(expected);
      await again.close({ status: 'completed' }, Date.now(), never);
      const { metrics, status } = readOnlineRun(recorder, ref.id!)!;
      const own = refused.kind === 'metrics' ? [9] : [];
      expect([metrics.map(({ step }) => step).sort(), status]).toEqual([[0, 1, 2, 3].slice(0, 2 + after).concat(own), 'completed']);
    },
  );

  test('is told of an event of which the rest had not come, and that arrives with the next process', async () => {
    let posts = 0;
    const http: typeof fetch = async (url, init) =>
      url instanceof Request || !String(url).endsWith('file_stream') || ++posts !== 2
        ? fetch(url, init)
        : Response.json({ error: 'oh no' }, { status: 500 });
    const identity = newIdentity();
    const open = async (known?: TrackerRunRef) =>
      (await trackerWith({ baseUrl: recorder.url, apiKey: KEY }, { http })).open(identity, newStart(), known, never);
    // Too much for one request.
    const long: LoggedEvent = { kind: 'log', stream: 'out', text: 'x'.repeat(3_000_000) };
    const events = eventsOf([long, long, { kind: 'metrics', values: { _step: 5, loss: 1 }, step: 0 }]);
    const { through, ref } = await (await open()).deliver(events, never);
    expect(through).toEqual({ w: 1 });
    const { rejected } = await (await open(JSON.parse(JSON.stringify(ref)) as TrackerRunRef)).deliver(events.slice(1), never);
    expect(rejected?.map(({ seq }) => seq)).toEqual([3]);
    expect(readOnlineRun(recorder, ref.id!)!.metrics).toEqual([{ name: 'loss', value: 1, step: 0 }]);
  });

  test('is set aside with the reason, and the rest of its event arrives', async () => {
    const run = await (await tracker()).open(newIdentity(), newStart(), undefined, never);
    const events = eventsOf([
      { kind: 'metrics', values: { _step: 5, loss: 1 }, step: 0 },
      { kind: 'params', values: { mortise: 1, lr: 2 } },
      { kind: 'artifact', path: '../up', uri: 'file:///x', sha256: '', size: 0 },
    ]);
    const { rejected } = await run.deliver(events, never);
    expect(rejected?.map(({ seq, why }) => [seq, why])).toEqual([
      [1, 'the metric "_step" has a name that W&B or Mortise uses itself'],
      [2, 'the param "mortise" has a name that W&B or Mortise uses itself'],
      [3, '"../up" is no path of a file: it takes names with "/" between them'],
    ]);
    expect(readOnlineRun(recorder, run.ref.id!)).toMatchObject({ params: { lr: 2 }, metrics: [{ name: 'loss', value: 1, step: 0 }] });
  });
});
