import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Listing, PipelineRun, TrackerStatus } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(async () => {
  buildCommand();
  project = cliProject();
  await project.mortise(['init']);
  project.write(
    'train.mjs',
    `import { existsSync } from 'node:fs';
import { activeRun, pipeline, step } from '@mortise/core';
const train = step('train', { experimentTracker: true, cache: false }, async ({ events, wait, until, fail }) => {
  for (let i = 0; i < events; i++) activeRun().logMetric('loss', i);
  if (wait) console.log('waits');
  for (const end = Date.now() + wait; Date.now() < end && !existsSync(until ?? '');) await new Promise((resolve) => setTimeout(resolve, 20));
  if (fail) throw new Error('no wine left');
});
export const wine = pipeline('wine', { params: { events: 3, wait: 0, until: '', fail: false } }, (params) => train(params));
export const strict = pipeline('strict', { onTrackerError: 'fail', params: { events: 1 } }, ({ events }) => train({ events, wait: 0, fail: false }));
const moody = step('moody', { experimentTracker: true, cache: false }, () => {
  if (!existsSync('cheer')) throw new Error('in a bad mood');
});
export const resumable = pipeline('resumable', () => moody());
const noted = step('noted', { experimentTracker: true, cache: false, settings: { 'experiment-tracker': { tags: { note: '{{env.WINE_NOTE}}' } } } }, () => 1);
export const notes = pipeline('notes', () => noted());
export const patient = pipeline('patient', () => train({ events: 1_200, wait: 0, fail: false }));
void patient.run({}, { trackerTimeoutMs: 3_000 });
export const stubborn = pipeline('stubborn', () => train({ events: 3, wait: 0, fail: false }));
void stubborn.run({}, { trackerTimeoutMs: 600_000 });
void wine.run({}, { trackerTimeoutMs: Number(process.env.TRACKER_TIMEOUT_MS ?? 500) });
void strict.run({}, { trackerTimeoutMs: 500 });
`,
  );
});
afterAll(() => project.remove());
beforeEach(() => trackerIs('up'));

const tracking = (): string => join(project.folder, '.mortise/tracking');
/** The local tracker keeps its files in a folder: a file in its place is a server that is down. */
function trackerIs(state: 'up' | 'down'): void {
  rmSync(tracking(), { recursive: true, force: true });
  if (state === 'up') mkdirSync(tracking());
  else writeFileSync(tracking(), '');
}
const mortise = (...args: string[]) => project.mortise(args);
const runWine = (name: string, ...more: string[]) => mortise('run', 'train.mjs#wine', '-n', name, ...more);
const status = async (): Promise<TrackerStatus> => (await project.json<Listing<TrackerStatus>>('tracker', 'status')).items[0]!;
const summaries = () => {
  const folder = join(tracking(), 'default');
  const files = existsSync(folder) ? readdirSync(folder) : [];
  // What is being written beside a summary, `x.json.next`, is none yet.
  return files
    .filter((file) => file.endsWith('.json'))
    .map(
      (file) =>
        JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
          name: string;
          group: string;
          status: string;
          metrics: object;
          error: unknown;
        },
    );
};

describe('with a tracker that is down', () => {
  it('a run completes and says what is still to come; a later deliver brings it about', async () => {
    trackerIs('down');
    const { code, stdout } = await runWine('first');
    expect(code).toBe(0);
    expect(stdout).toMatch(/warning: experiment tracker "default": 2 tracker runs not delivered yet \(.*\)/);
    expect(await status()).toMatchObject({
      component: 'default',
      flavor: 'local',
      trackerRuns: 2,
      events: 4,
      lastError: expect.any(String),
      setAside: [],
    });
    const before = (await mortise('runs', 'show', 'first')).stdout;
    expect(before).toMatch(/^warning +experiment tracker "default": 2 tracker runs not delivered yet \(.+\)$/m);
    expect(before).toMatch(/^STEP +TRACKER +STATUS +DELIVERED\n- +default +queued +no\ntrain +default +queued +no$/m);
    expect((await project.json<PipelineRun>('runs', 'show', 'first')).warnings).toHaveLength(1);
    const { stdout: text } = await mortise('tracker', 'status', 'default');
    expect(text).toMatch(/^TRACKER +FLAVOR +RUNS WAITING +EVENTS WAITING +SET ASIDE +LAST ERROR\ndefault +local +2 +4 +0 +/);

    trackerIs('up');
    expect(await mortise('tracker', 'deliver')).toEqual({ code: 0, stdout: 'default: delivered 2 tracker runs\n', stderr: '' });
    expect(summaries()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'first', status: 'completed' }),
        expect.objectContaining({ name: 'train', status: 'completed', group: 'first', metrics: { loss: 2 } }),
      ]),
    );
    expect(await status()).toMatchObject({ trackerRuns: 0, events: 0, lastError: null });
    expect(await mortise('tracker', 'deliver', 'default')).toEqual({ code: 0, stdout: 'nothing is waiting\n', stderr: '' });
    const run = await project.json<PipelineRun>('runs', 'show', 'first');
    expect(run.trackerRuns).toMatchObject([{ status: 'completed', delivered: true, error: null }]);
    expect(run.warnings).toEqual([]);
    const after = (await mortise('runs', 'show', 'first')).stdout;
    expect(after).not.toContain('warning');
    expect(after).toMatch(
      /^STEP +TRACKER +STATUS +DELIVERED +TRACKER RUN\n- +default +completed +yes +file:.*\ntrain +default +completed +yes +file:/m,
    );
    expect(run.runMetadata['experiment_tracker_url']!.value).toMatch(/^file:/);
  });

  it('a run that waits for it says so once, with how much is to go', async () => {
    trackerIs('down');
    const { code, stdout, stderr } = await mortise('run', 'train.mjs#patient', '-n', 'patient');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Its metrics, and its inputs.
    expect(stdout.match(/^waiting for .*$/gm)).toEqual(['waiting for experiment tracker "default": 1,201 events to go']);
    trackerIs('up');
    expect((await mortise('tracker', 'deliver')).code).toBe(0);
  });

  it('whoever stops a run that only waits for it stops the wait: the run has completed, and what is to go goes later', async () => {
    trackerIs('down');
    const ended = await project.mortise(['run', 'train.mjs#stubborn', '-n', 'stubborn'], {
      started: (child) => child.stdout!.on('data', (text) => String(text).includes('waiting for') && child.kill('SIGINT')),
    });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/not delivered yet/);
    expect((await project.json<PipelineRun>('runs', 'show', 'stubborn')).status).toBe('completed');
    trackerIs('up');
    expect((await mortise('tracker', 'deliver')).code).toBe(0);
    expect(summaries().map(({ status }) => status)).toEqual(['completed', 'completed']);
  });

  it('a run whose setting leads nowhere by now does not keep the others waiting; what it waits for, and what to do, is said in a line', async () => {
    trackerIs('down');
    await runWine('before');
    const env = { WINE_NOTE: 'dry' };
    await project.mortise(['run', 'train.mjs#notes', '-n', 'noted-run'], { env });
    await runWine('after');
    trackerIs('up');
    const reason = 'step "noted" of run "noted-run" needs {{env.WINE_NOTE}}, and the variable WINE_NOTE is not set';
    expect(await mortise('tracker', 'deliver')).toEqual({
      code: 1,
      stdout: 'default: delivered 5 tracker runs\n',
      stderr:
        `error NOT_DELIVERED: 1 tracker run of "default" not delivered (${reason}). ` +
        `They are kept, with all that was logged. Set WINE_NOTE in the environment of this process. Then deliver them again.\n`,
    });
    expect((await mortise('tracker', 'status')).stdout).toContain(reason);
    expect(await project.mortise(['tracker', 'deliver'], { env })).toMatchObject({ code: 0, stdout: 'default: delivered 1 tracker run\n' });
  });

  it("a failed step's own error comes first, and its tracker run ends failed", async () => {
    trackerIs('down');
    const { code, stdout } = await runWine('second', '-p', 'fail=true');
    expect(code).toBe(1);
    expect(stdout.indexOf('no wine left')).toBeLessThan(stdout.indexOf('warning:'));
    trackerIs('up');
    await mortise('tracker', 'deliver');
    expect(summaries().map(({ name, status: end }) => [name, end])).toEqual(
      expect.arrayContaining([
        ['second', 'failed'],
        ['train', 'failed'],
      ]),
    );
  });

  it('the next run takes it over in the background', async () => {
    trackerIs('down');
    await runWine('third');
    trackerIs('up');
    const fourth = project.mortise(['run', 'train.mjs#wine', '-n', 'fourth', '-p', 'wait=600000', '-p', 'until=taken'], {
      env: { TRACKER_TIMEOUT_MS: '60000' },
    });
    while (summaries().filter(({ group, status: end }) => group === 'third' && end === 'completed').length < 2) await delay(20);
    project.write('taken', '');
    await fourth;
    expect(await status()).toMatchObject({ trackerRuns: 0 });
    expect(
      summaries()
        .map(({ group }) => group)
        .sort(),
    ).toEqual(['fourth', 'fourth', 'third', 'third']);
  });

  it('deliver says in one line what is left, and exits with 1', async () => {
    trackerIs('down');
    await runWine('fifth');
    const { code, stdout, stderr } = await mortise('tracker', 'deliver', '--patience', '0.5');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error NOT_DELIVERED: 2 tracker runs of "default" not delivered \(.*\)\. They are kept, .*\n$/);
  });

  it('deliver takes a patience that is empty, as an unset variable makes it, for a mistake and not for none at all', async () => {
    for (const patience of ['', ' ', 'x', '-1'])
      expect(await mortise('tracker', 'deliver', `--patience=${patience}`)).toEqual({
        code: 1,
        stdout: '',
        stderr: `error BAD_USAGE: --patience is to be a number of seconds, not "${patience}"\n`,
      });
  });

  it('drop gives up what waits, if that is confirmed', async () => {
    const refused = await mortise('tracker', 'drop', 'default', '--run', 'fifth');
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error BAD_USAGE: this gives up 2 tracker runs and 0 set-aside events, as far as they are of run "fifth". Add --yes if that is meant.\n',
    });
    expect(await mortise('tracker', 'drop', 'default', '--run', 'fifth', '--yes')).toMatchObject({
      code: 0,
      stdout: 'gave up 2 tracker runs and 0 set-aside events\n',
    });
    expect(await status()).toMatchObject({ trackerRuns: 0 });
    expect(await mortise('tracker', 'drop', '--yes')).toMatchObject({ stdout: 'nothing is waiting\n' });
    expect(await mortise('tracker', 'retry')).toMatchObject({ code: 0, stdout: 'nothing is set aside\n' });
  });

  it('under --on-tracker-error fail, and by what the pipeline says, the step fails before its function is called', async () => {
    trackerIs('down');
    for (const args of [
      ['train.mjs#wine', '-n', 'sixth', '--on-tracker-error', 'fail'],
      ['train.mjs#strict', '-n', 'seventh'],
    ]) {
      const { code, stdout } = await mortise('run', ...args);
      expect(code).toBe(1);
      expect(stdout).toMatch(/the experiment tracker "default" is not available: .*/);
      const run = await project.json<PipelineRun>('runs', 'show', args[2]!);
      expect(run.steps['train']).toMatchObject({ status: 'failed', error: { name: 'TRACKER_UNAVAILABLE' }, tracker: { metrics: {} } });
    }
    expect((await mortise('run', 'train.mjs#strict', '-n', 'eighth', '--on-tracker-error', 'warn')).code).toBe(0);
    await mortise('tracker', 'drop', '--yes');
  });
});

it('what a killed run logged reaches its tracker, as failed', async () => {
  const killed = project.mortise(['run', 'train.mjs#wine', '-n', 'ninth', '-p', 'wait=60000', '-p', 'events=100'], {
    started: (child) => child.stdout!.on('data', (text) => String(text).includes('waits') && child.kill('SIGKILL')),
  });
  await killed;
  await delay(50);
  await mortise('tracker', 'deliver');
  expect(
    summaries()
      .map(({ name, status: end }) => [name, end])
      .sort(),
  ).toEqual([
    ['ninth', 'failed'],
    ['train', 'failed'],
  ]);
  expect(summaries().find(({ name }) => name === 'train')).toMatchObject({ metrics: { loss: 99 }, error: { name: 'OWNER_DIED' } });
  const run = await project.json<PipelineRun>('runs', 'show', 'ninth');
  expect(run.steps['train']!.tracker.metrics['loss']).toMatchObject({ count: 100 });
});

it('a run that was resumed ends at its tracker as it ended in the store', async () => {
  expect((await mortise('run', 'train.mjs#resumable', '-n', 'tenth')).code).toBe(1);
  expect(summaries().find(({ name }) => name === 'tenth')).toMatchObject({ status: 'failed' });
  project.write('cheer', '');
  expect(await mortise('runs', 'resume', 'tenth')).toMatchObject({ code: 0 });
  expect(summaries().find(({ name }) => name === 'tenth')).toMatchObject({ status: 'completed', error: null });
  expect(summaries().map(({ name, status: end }) => [name, end])).toEqual(
    expect.arrayContaining([
      ['moody', 'failed'],
      ['moody (attempt 2)', 'completed'],
    ]),
  );
});

it('an experiment tracker that does not exist is one line', async () => {
  expect(await mortise('tracker', 'deliver', 'defualt')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'error UNKNOWN_COMPONENT: no experiment tracker named "defualt". Did you mean "default"?\n',
  });
});
