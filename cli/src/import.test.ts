import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeliveryReport, ImportReport, Listing, PipelineRun, RunListItem, TrackerStatus } from '@mortise/core/client';
import { LEDGER_TRACKER, SAGE_IMPORTER, type SageRun } from '../../core/src/testing/sage.ts';
import { ledgerIn } from '../../core/src/testing/sage-project.ts';
import { buildCommand, cliProject, type CliProject } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(() => buildCommand());

async function makeProject(): Promise<void> {
  project = cliProject();
  project.write('sage.mjs', SAGE_IMPORTER);
  project.write('ledger.mjs', LEDGER_TRACKER);
  await mortise('init');
}

const mortise = (...args: string[]) => project.mortise(args);
const keep = (runs: readonly SageRun[]) => project.write('kept.json', JSON.stringify(runs));
const importKept = (...more: string[]) => mortise('import', './sage.mjs', 'kept.json', ...more);
const names = async () => (await project.json<Listing<RunListItem>>('runs', 'list')).items.map(({ name }) => name).sort();
const RUNS: SageRun[] = [
  { id: 'a', points: 1_000, files: { 'a.txt': 'wine' } },
  { id: 'b', points: 500, outcome: { status: 'failed', error: { name: 'Error', message: 'no wine left' } } },
];

describe('mortise import', () => {
  beforeEach(makeProject);
  afterEach(() => project.remove());

  it('says how many runs, points and files there were; again, that they are here already', async () => {
    keep(RUNS);
    expect(await importKept()).toEqual({ code: 0, stdout: 'imported 2 runs (1,500 points, 1 file)\n', stderr: '' });
    expect(await importKept()).toMatchObject({ code: 0, stdout: 'imported 0 runs (0 points, 0 files); 2 runs are here already\n' });
    expect(await names()).toEqual(['run a', 'run b']);
    expect(await project.json<PipelineRun>('runs', 'show', 'run b')).toMatchObject({
      status: 'failed',
      error: { message: 'no wine left' },
    });
  });

  it('lists what it would import with --dry-run, and imports nothing', async () => {
    keep(RUNS);
    const { stdout } = await importKept('--dry-run');
    expect(stdout).toMatch(
      /^RUN +EXPERIMENT +STATUS +HERE ALREADY\nrun a +wine +completed +no\nrun b +wine +failed +no\n\nwould import 2 runs\n$/,
    );
    expect(await names()).toEqual([]);
  });

  it('prints its report as JSON, and ends with 1 for runs that could not be read, which it names', async () => {
    keep([...RUNS, { id: 'c', broken: true }]);
    const { code, stdout, stderr } = await importKept('--output', 'json');
    const report = JSON.parse(stdout) as ImportReport;
    expect(report).toMatchObject({ imported: 2, points: 1_500, failed: [{ id: 'c', name: 'run c', reason: 'page 7 is torn' }] });
    expect([code, stderr.split('. ')[0]]).toEqual([
      1,
      'error IMPORT_INCOMPLETE: 1 run not imported from kept.json: "run c" (page 7 is torn)',
    ]);
  });

  it('is shown with its params, and with who made the run as far as that is known', async () => {
    keep([{ id: 'a', user: 'ada', client: 'sage 2.1.0', params: { lr: 0.1, net: { depth: 3 } } }, { id: 'b' }, { id: 'c', user: 'bob' }]);
    await importKept();
    const shown = await Promise.all(['run a', 'run b', 'run c'].map(async (name) => (await mortise('runs', 'show', name)).stdout));
    expect(shown[0]).toMatch(/^STEP +LOGGED +NAME\nimported +params +lr=0\.1 net=\{"depth":3\}$/m);
    expect(shown.map((text) => /^made by .*$/m.exec(text)![0])).toEqual([
      'made by   ada, sage 2.1.0',
      'made by   sage',
      'made by   bob, sage',
    ]);
  });

  it('says in one line that there is nothing to read, or what to install', async () => {
    expect(await importKept()).toMatchObject({
      code: 1,
      stderr: 'error IMPORT_FAILED: nothing was imported from kept.json: there is no such file\n',
    });
    const { code, stderr } = await mortise('import', 'comet', './kept');
    expect([code, stderr]).toEqual([
      1,
      'error IMPORT_FAILED: nothing was imported from ./kept: @mortise/comet is not installed in this project. Run "npm install @mortise/comet".\n',
    ]);
  });

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'that %s ends in the middle of a run keeps those before it, and the next one brings the rest',
    async (signal) => {
      keep([RUNS[0]!, { ...RUNS[1]!, waitFor: 'go' }]);
      const killed = project.mortise(['import', './sage.mjs', 'kept.json'], {
        started: (child) => void killWhen(() => existsSync(join(project.folder, 'go.waits')), child, signal),
      });
      expect((await killed).code).not.toBe(0);
      expect(await names()).toEqual(['run a']);
      project.write('go', '');
      expect(await importKept()).toMatchObject({ code: 0, stdout: 'imported 1 run (500 points, 0 files); 1 run is here already\n' });
      const [metric] = Object.values((await project.json<PipelineRun>('runs', 'show', 'run b')).steps['imported']!.tracker.metrics);
      expect(metric).toMatchObject({ count: 500 });
    },
  );

  it('by two processes at once brings each run once', async () => {
    keep(Array.from({ length: 10 }, (_, i) => ({ id: `${i}`, points: 200 })));
    const reports = await Promise.all([1, 2].map(() => project.json<ImportReport>('import', './sage.mjs', 'kept.json')));
    const [imported, there] = [sum(reports, 'imported'), sum(reports, 'alreadyThere')];
    expect([imported, there]).toEqual([10, 10]);
    const run = await project.json<PipelineRun>('runs', 'show', 'run 7');
    expect(run.steps['imported']!.tracker.metrics['loss']).toMatchObject({ count: 200 });
    expect(run.warnings).toEqual([]);
  });
});

async function killWhen(isTime: () => boolean, child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  while (!isTime()) await delay(5);
  child.kill(signal);
}

const sum = (reports: readonly ImportReport[], key: 'imported' | 'alreadyThere') => reports.reduce((all, report) => all + report[key], 0);

describe('mortise tracker deliver --to', () => {
  const ledger = () => ledgerIn(join(project.folder, 'red'));
  beforeAll(async () => {
    await makeProject();
    keep(RUNS);
    await importKept();
    await mortise('experiment-tracker', 'flavor', 'register', './ledger.mjs');
    await mortise('experiment-tracker', 'register', 'red', '--flavor=ledger', '--folder=red');
  });
  afterAll(() => project.remove());

  it('keeps what the tracker does not take, and ends with 1', async () => {
    project.write('red/down', '');
    const { code, stderr } = await mortise('tracker', 'deliver', '--runs', 'run a', '--to', 'red', '--patience', '2');
    const what = /^error NOT_DELIVERED: 2 tracker runs of "red" not delivered \(the ledger is closed\)\. /;
    expect([code, stderr]).toEqual([1, expect.stringMatching(what)]);
    rmSync(join(project.folder, 'red/down'));
  });

  it('sends runs on, by name or all of an experiment, and each once', async () => {
    const two = { code: 0, stdout: 'red: delivered 2 tracker runs\n', stderr: '' };
    expect(await mortise('tracker', 'deliver', '--runs', 'run a', '--to', 'red')).toEqual(two);
    expect(ledger().get('run a > imported')).toMatchObject({ files: { 'a.txt': 'wine' }, closes: [{ outcome: { status: 'completed' } }] });
    expect(await mortise('tracker', 'deliver', '--experiment', 'wine', '--to', 'red')).toEqual(two);
    expect(ledger().get('run b > imported')).toMatchObject({ opens: 1, closes: [{ outcome: { status: 'failed' } }] });
    expect(ledger().get('run b > imported')!.events).toHaveLength(500);
    const again = await mortise('tracker', 'deliver', '--runs', 'run a', 'run b', '--to', 'red');
    expect(again).toEqual({ code: 0, stdout: 'red: has them all already\n', stderr: '' });
  });

  describe('of many runs', () => {
    const POINTS = 2_000;
    const many = Array.from({ length: 6 }, (_, i) => ({ id: `m${i}`, experiment: 'many', points: POINTS }));
    const sendTo = (name: string) => ['tracker', 'deliver', '--experiment', 'many', '--to', name];
    /** How often each point of each run is there. */
    const timesIn = (name: string) =>
      [...ledgerIn(join(project.folder, name))].flatMap(([run, { events }]) => {
        if (!run.endsWith('> imported')) return [];
        const steps = events.map(({ step }) => step);
        return [{ all: new Set(steps).size, twice: steps.length - new Set(steps).size }];
      });
    beforeAll(async () => {
      keep(many);
      await importKept();
      for (const name of ['pair', 'stopped']) await mortise('experiment-tracker', 'register', name, '--flavor=ledger', `--folder=${name}`);
    });

    it('two processes at once bring each point once, and who has left some to the other says so', async () => {
      const ends = await Promise.all([1, 2].map(() => project.mortise(sendTo('pair'))));
      for (const { code, stderr } of ends)
        expect([code, stderr]).toEqual(code === 0 ? [0, ''] : [1, expect.stringContaining('another process is delivering them')]);
      expect(ends.map(({ stdout }) => Number(/delivered (\d+)/.exec(stdout)?.[1] ?? 0)).reduce((a, b) => a + b)).toBe(12);
      expect(await project.mortise(sendTo('pair'))).toMatchObject({ code: 0, stdout: 'pair: has them all already\n' });
      expect(timesIn('pair')).toEqual(many.map(() => ({ all: POINTS, twice: 0 })));
    });

    it('one that is interrupted goes on when it is given again; only what was on its way comes twice, to a tracker that tells it apart', async () => {
      const hasBegun = (): boolean => timesIn('stopped').some(({ all }) => all > 0);
      // However fast it is, it is not done before it is interrupted.
      project.write('stopped/held', '');
      const interrupted = await project.mortise(sendTo('stopped'), { started: (child) => void killWhen(hasBegun, child, 'SIGINT') });
      rmSync(join(project.folder, 'stopped/held'));
      expect(interrupted.code).not.toBe(0);
      expect(timesIn('stopped').filter(({ all }) => all === POINTS).length).toBeLessThan(many.length);
      expect(await project.mortise(sendTo('stopped'))).toMatchObject({ code: 0, stderr: '' });
      const times = timesIn('stopped');
      expect(times.map(({ all }) => all)).toEqual(many.map(() => POINTS));
      expect(times.filter(({ twice }) => twice > 0).length).toBeLessThanOrEqual(1);
    });
  });

  describe('of what the tracker refuses for good', () => {
    const step = (i: number) => i + 0.5;
    const events = Array.from({ length: 10_000 }, (_, i) => ({
      at: 1_700_000_000_000,
      kind: 'metrics',
      values: { loss: i },
      step: step(i),
    }));
    beforeAll(async () => {
      keep([{ id: 'c', name: 'halves', points: 3, events }]);
      await importKept();
      await mortise('experiment-tracker', 'register', 'whole', '--flavor=ledger', '--folder=whole', '--step=integer');
    });
    const refused =
      'whole: refused 10,000 events of run "halves" for good (step 0.5 is not an integer): see "mortise tracker status whole"\n';

    it('says so in a line, and ends with 0: that holds up nothing', async () => {
      const delivered = { code: 0, stdout: `whole: delivered 2 tracker runs\n${refused}`, stderr: '' };
      expect(await mortise('tracker', 'deliver', '--runs', 'halves', '--to', 'whole')).toEqual(delivered);
      const again = await mortise('tracker', 'deliver', '--runs', 'halves', '--to', 'whole');
      expect(again).toEqual({ code: 0, stdout: `whole: has them all already\n${refused}`, stderr: '' });
    });

    it('says what was given up of it, and not that all is there', async () => {
      keep([{ id: 'd', name: 'dropped', points: 3, events: events.slice(0, 2) }]);
      await importKept();
      await mortise('tracker', 'deliver', '--runs', 'dropped', '--to', 'whole');
      await mortise('tracker', 'drop', 'whole', '--run', 'dropped', '--yes');
      const again = await mortise('tracker', 'deliver', '--runs', 'dropped', '--to', 'whole');
      const told = 'whole: events that it refused of run "dropped" were given up with "mortise tracker drop", and are not sent again\n';
      expect(again).toEqual({ code: 0, stdout: told, stderr: '' });
    });

    it('carries it in its JSON', async () => {
      const report = await project.json<Listing<DeliveryReport>>('tracker', 'deliver', '--runs', 'halves', '--to', 'whole');
      expect(report.items).toMatchObject([{ component: 'whole', refused: [{ run: 'halves', events: 10_000, reasons: 1 }] }]);
    });

    it('is told by the status in one line for all that are alike, and each with --all', async () => {
      const { stdout } = await mortise('tracker', 'status', 'whole');
      expect(stdout.split('\n').slice(3)).toEqual([
        expect.stringMatching(/^TRACKER +RUN +STEP +ATTEMPT +REFUSED +EVENTS +FIRST +BECAUSE$/),
        expect.stringMatching(/^whole +halves +imported +1 +metric loss +10,000 +4 +step 0\.5 is not an integer$/),
        '',
        'each of the 10,000 events: mortise tracker status whole --all',
        '',
      ]);
      const all = (await mortise('tracker', 'status', 'whole', '--all')).stdout.trimEnd().split('\n');
      expect(all).toHaveLength(3 + 1 + 10_000);
      expect(all.at(-1)).toMatch(/^whole +halves +imported +1 +metric loss +10003 +step 9999\.5 is not an integer$/);
      // It is long, and whoever reads it slow.
      const { stdout: json } = await project.mortise(['tracker', 'status', 'whole', '--output', 'json'], {
        started: ({ stdout: read }) => {
          read!.pause();
          setTimeout(() => read!.resume(), 2_000);
        },
      });
      const [status] = (JSON.parse(json) as Listing<TrackerStatus>).items;
      expect([status!.setAside.length, status!.refused.length]).toEqual([10_000, 1]);
    });
  });

  it.each([
    [['--runs', 'run a'], '--to is to name the experiment tracker that the runs go to'],
    [['--to', 'red'], '--to is for runs that are named'],
    [['red', '--to', 'red', '--experiment', 'wine'], '"red" is too much'],
    [['--to', 'red', '--experiment', 'beer'], 'no run of the experiment "beer" has ended'],
    [['--to', 'blue', '--runs', 'run a'], 'blue'],
    [['--to', 'red', '--runs', 'run z'], 'no run "run z"'],
  ])('says what is wrong with %j', async (args, what) => {
    const { code, stderr } = await mortise('tracker', 'deliver', ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(what)]);
    expect(stderr.trimEnd()).not.toContain('\n');
  });
});
