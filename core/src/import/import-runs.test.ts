import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SageProject } from '../testing/sage-project.ts';
import type { ImportProgress } from './import-runs.ts';

let sage: SageProject;
beforeEach(async () => {
  sage = await SageProject.make();
});
afterEach(() => sage.end());

const STARTED = 1_700_000_000_000;
const show = (name: string) => sage.client.getPipelineRun(name);
const failed = { status: 'failed', error: { name: 'ValueError', message: 'no wine left', stack: 'in cellar.py' } };

describe('an imported run', () => {
  test('has the name, times, tags, user, params, note and points that its vendor has kept, and says where it is from', async () => {
    const report = await sage.import([
      {
        id: 'a1',
        name: 'bold cat',
        group: 'sweep',
        user: 'ada',
        params: { lr: 0.1, net: { depth: 3 } },
        tags: { best: 'yes' },
        note: '# Wine',
        points: 3,
      },
    ]);
    expect(report).toEqual({
      ...{
        vendor: 'sage',
        from: join(sage.root, 'kept.json'),
        dryRun: false,
        imported: 1,
        alreadyThere: 0,
        points: 3,
        files: 0,
        failed: [],
      },
      runs: [
        { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'bold cat', experiment: 'wine', status: 'completed', alreadyThere: false },
      ],
    });
    const run = await show('bold cat');
    expect(run).toMatchObject({ pipeline: 'wine', experiment: 'wine', status: 'completed', user: 'ada', error: null, warnings: [] });
    expect([run.startedAt, run.endedAt]).toEqual([STARTED, STARTED + 60_000].map((at) => new Date(at).toISOString()));
    const origin = { 'imported.from': 'sage', 'imported.id': 'a1', 'imported.url': 'https://sage.example/a1', 'imported.group': 'sweep' };
    expect(run.tags).toEqual({ best: 'yes', ...origin });
    const { tracker, status } = run.steps['imported']!;
    expect(status).toBe('completed');
    expect(tracker).toMatchObject({ params: { lr: 0.1, net: { depth: 3 } }, tags: { best: 'yes' }, note: '# Wine' });
    expect(tracker.metrics['loss']).toMatchObject({ count: 3, last: 1, lastStep: 2, min: 0, max: 1 });
    const history = await sage.client.metricHistory('bold cat', 'imported', 'loss');
    expect(history.map(({ at, value }) => [Date.parse(at) - STARTED, value])).toEqual([
      [0, 0],
      [1, 0.5],
      [2, 1],
    ]);
  });

  test('that failed or was killed says so, with the error; one that had not ended is killed, which is said', async () => {
    await sage.import([
      { id: 'f', name: 'f', outcome: failed },
      { id: 'k', name: 'k', outcome: { status: 'killed', reason: 'SIGTERM' } },
      { id: 'r', name: 'r', outcome: null, points: 3 },
      { id: 'c', name: 'c', outcome: { status: 'cached', source: { runId: 'other' } } },
    ]);
    expect((await show('c')).status).toBe('completed');
    const [f, k, r] = [await show('f'), await show('k'), await show('r')];
    expect([f.status, f.error, f.steps['imported']!.error]).toEqual(['failed', failed.error, failed.error]);
    expect([k.status, k.error?.message]).toEqual(['killed', 'SIGTERM']);
    expect([r.status, r.error?.message]).toEqual(['killed', 'it had not ended when it was imported']);
    expect(Date.parse(r.endedAt!)).toBe(STARTED + 2);
  });

  test('of times that are no dates, as in ns, has all that was logged, says so, and keeps nobody from listing runs', async () => {
    const ns = STARTED * 1_000_000;
    const late = { at: ns, kind: 'metrics', values: { late: 1 }, step: 7 };
    await sage.import([
      { id: 'a', name: 'a', startedAt: ns, params: { lr: 1 }, points: 2 },
      { id: 'b', name: 'b', outcome: null, points: 1, events: [late] },
    ]);
    expect((await sage.client.listRuns()).items.map(({ name }) => name).sort()).toEqual(['a', 'b']);
    const [a, b] = [await show('a'), await show('b')];
    expect([a.startedAt, a.steps['imported']!.tracker.params]).toEqual([new Date(0).toISOString(), { lr: 1 }]);
    expect(a.warnings).toEqual([
      `it began ${ns} ms after 1970, which is no date: it stands at 1970`,
      `it ended ${ns + 60_000} ms after 1970, which is no date: it ends with its last event`,
      `3 events were logged at a time that is no date (${ns} ms after 1970): here at the start of the run`,
    ]);
    expect(b.warnings).toEqual([`1 event was logged at a time that is no date (${ns} ms after 1970): here at the start of the run`]);
    expect(await sage.client.metricHistory('b', 'imported', 'late')).toEqual([{ step: 7, at: b.startedAt, value: 1 }]);
  });

  test('keeps NaN, infinities and decimal steps', async () => {
    await sage.import([{ id: 'o', name: 'o', odd: true }]);
    const values = (await sage.client.metricHistory('o', 'imported', 'odd')).map(({ value }) => value);
    expect(new Set(values)).toEqual(new Set([NaN, Infinity, -Infinity]));
    expect(await sage.client.metricHistory('o', 'imported', 'val/odd')).toMatchObject([{ step: 0.25, value: 4 }]);
  });

  test('keeps texts of any length', async () => {
    const [note, long] = ['n'.repeat(1_000_000), 'ü🍷'.repeat(90_000)];
    await sage.import([{ id: 'a', name: 'a', params: { long }, note, points: 10_000 }]);
    const { tracker } = (await show('a')).steps['imported']!;
    expect([tracker.note === note, tracker.params['long'] === long, tracker.metrics['loss']!.count]).toEqual([true, true, 10_000]);
  });

  test('has its files in the artifact store of the active stack', async () => {
    const report = await sage.import([{ id: 'a', name: 'a', files: { 'models/net.txt': 'weights', 'ü.txt': '' } }]);
    expect(report.files).toBe(2);
    const files = (await show('a')).steps['imported']!.tracker.artifacts;
    expect(files.map(({ path, size }) => [path, size]).sort()).toEqual([
      ['models/net.txt', 7],
      ['ü.txt', 0],
    ]);
    expect(files.every(({ uri }) => existsSync(new URL(uri)))).toBe(true);
  });

  test('has all of its files, also where one is called as the folder of another, which says what it is called here', async () => {
    const files = { a: '1', 'a/b': '2', 'renamed-2/a/b': '3', 'c/d/e': '4', c: '5', 'c/d': '6', 'renamed-2': '7' };
    const report = await sage.import([{ id: 'a', name: 'a', files, points: 1 }]);
    expect([report.imported, report.files, report.failed]).toEqual([1, 7, []]);
    const run = await show('a');
    const kept = run.steps['imported']!.tracker.artifacts.map(({ path, uri }) => [path, readFileSync(new URL(uri), 'utf8')]);
    expect(Object.fromEntries(kept)).toEqual({
      a: '1',
      'renamed-2/a/b': '2',
      'renamed-2/renamed-2/a/b': '3',
      'c/d/e': '4',
      'renamed-2/c': '5',
      'renamed-3/c/d': '6',
      'renamed-3/renamed-2': '7',
    });
    expect(run.warnings).toEqual([
      '5 files are called otherwise here, as none can be the folder of another: "a/b" is "renamed-2/a/b", "renamed-2/a/b" is "renamed-2/renamed-2/a/b", ' +
        '"c" is "renamed-2/c", "c/d" is "renamed-3/c/d", "renamed-2" is "renamed-3/renamed-2"',
    ]);
  });

  test('that its vendor calls as another run is called here has part of its id behind its name', async () => {
    const { runs } = await sage.import([
      { id: 'a', name: 'twin' },
      { id: 'b', name: 'twin' },
      { id: 'c', name: 'latest' },
      { id: 'd', name: ' \n ' },
    ]);
    const names = (await sage.client.listRuns()).items.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['twin', `twin-${runs[1]!.id.slice(0, 8)}`, `latest-${runs[2]!.id.slice(0, 8)}`, 'd']));
  });

  test('loses what no log can hold, and says how much and why', async () => {
    const at = STARTED;
    const { points } = await sage.import([
      {
        ...{ id: 'a', name: 'a', points: 2 },
        events: [
          { at, kind: 'metrics', values: { loss: 'much' }, step: 7 },
          { at, kind: 'metrics', values: { loss: 1 }, step: 1e300 },
          { at, kind: 'artifact', path: '../outside' },
          { at, kind: 'tags', set: { 'mortise.run_id': 'of a run that was', color: 'red' } },
        ],
      },
    ]);
    expect(points).toBe(2);
    const run = await show('a');
    expect(run.warnings).toEqual(['3 events were left out when it was imported: the metric "loss" is no number']);
    expect(run.tags).toMatchObject({ 'imported.mortise.run_id': 'of a run that was', color: 'red' });
    expect(run.tags['mortise.run_id']).toBeUndefined();
  });
});

describe('an import', () => {
  test('that is made again changes nothing, and says that all is there already', async () => {
    const runs = Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, points: 50, files: { 'a.txt': `${i}` } }));
    expect(await sage.import(runs)).toMatchObject({ imported: 20, alreadyThere: 0, points: 1_000, files: 20 });
    const before = await show('run 7');
    expect(await sage.import(runs)).toMatchObject({ imported: 0, alreadyThere: 20, points: 0, files: 0 });
    expect(await show('run 7')).toEqual(before);
    expect((await sage.client.listRuns({ limit: 100 })).items).toHaveLength(20);
  });

  test('goes on after a run that cannot be read, of which nothing is kept, and names it', async () => {
    const [torn, good] = [
      { id: 'x', points: 10, files: { 'a.txt': 'a' } },
      { id: 'y', points: 10 },
    ];
    const { imported, failed: why } = await sage.import([{ ...torn, broken: true }, good]);
    expect([imported, why]).toEqual([1, [{ id: 'x', name: 'run x', reason: 'page 7 is torn' }]]);
    expect((await sage.client.listRuns()).items.map(({ name }) => name)).toEqual(['run y']);
    expect(readdirSync(join(sage.root, '.mortise/logs/.staged'))).toEqual([]);
    const artifacts = readdirSync(join(sage.root, '.mortise/artifacts'), { recursive: true, encoding: 'utf8' });
    expect(artifacts.filter((path) => path.endsWith('.txt'))).toEqual([]);
    expect(await sage.import([torn, good])).toMatchObject({ imported: 1, alreadyThere: 1 });
  });

  test('only says what it would do when it is asked for that', async () => {
    await sage.import([{ id: 'a' }]);
    const report = await sage.import([{ id: 'a' }, { id: 'b', broken: true }], { dryRun: true });
    expect(report).toMatchObject({ dryRun: true, imported: 1, alreadyThere: 1, failed: [] });
    expect(report.runs.map(({ name, alreadyThere }) => [name, alreadyThere])).toEqual([
      ['run a', true],
      ['run b', false],
    ]);
    expect((await sage.client.listRuns()).items).toHaveLength(1);
  });

  test('takes only the runs of an experiment when one is named', async () => {
    const runs = [{ id: 'a' }, { id: 'b', experiment: 'beer' }];
    expect(await sage.import(runs, { experiment: 'beer' })).toMatchObject({ imported: 1, runs: [{ name: 'run b' }] });
    await expect(sage.import(runs, { experiment: 'mead' })).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
  });

  test('tells the importer which experiment is asked for, so that it need not read the others', async () => {
    const warnings: string[] = [];
    const onWarning = (text: string) => void warnings.push(text);
    await sage.import([{ id: 'a' }], { experiment: 'wine', env: { SAGE_TELLS: '1' }, onWarning });
    expect(warnings).toEqual(['asked for wine']);
  });

  test('says in one line what is wrong with what it is to read, and what to install', async () => {
    const absent = sage.client.importRuns({ vendor: './sage.mjs', from: 'nowhere.json' });
    await expect(absent).rejects.toThrow('nothing was imported from nowhere.json: there is no such file');
    const uninstalled = sage.client.importRuns({ vendor: 'comet', from: 'here' });
    await expect(uninstalled).rejects.toMatchObject({
      message: 'nothing was imported from here: @mortise/comet is not installed in this project',
      advice: 'Run "npm install @mortise/comet".',
    });
    const unknown = sage.client.importRuns({ vendor: 'wand', from: 'here' });
    await expect(unknown).rejects.toMatchObject({ advice: 'Did you mean "wandb"?' });
    const tracker = sage.client.importRuns({ vendor: './ledger.mjs', from: 'here' });
    await expect(tracker).rejects.toThrow('the default export of ./ledger.mjs makes no importer of runs');
  });

  test('hands on the environment and warnings, and tells how far it is', async () => {
    const [warnings, told]: [string[], ImportProgress[]] = [[], []];
    const tell = {
      onWarning: (text: string) => void warnings.push(text),
      onProgress: (progress: ImportProgress) => void told.push(progress),
    };
    await sage.import(
      [
        { id: 'a', points: 2_500 },
        { id: 'b', files: { a: '' } },
      ],
      { env: { SAGE_WARNS: '1' }, ...tell },
    );
    expect(warnings).toEqual(['an old format']);
    expect(told.map(({ runs, points, files }) => [runs, points, files])).toEqual([
      [0, 1_000, 0],
      [0, 2_000, 0],
      [1, 2_500, 0],
      [1, 2_500, 1],
      [2, 2_500, 1],
    ]);
  });

  test('that is stopped keeps the runs that are whole', async () => {
    const stop = new AbortController();
    const runs = [
      { id: 'a', points: 10 },
      { id: 'b', points: 5_000 },
    ];
    const onProgress = ({ points }: ImportProgress): void => void (points > 1_000 && stop.abort());
    await expect(sage.import(runs, { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    expect((await sage.client.listRuns()).items.map(({ name }) => name)).toEqual(['run a']);
    expect(await sage.import(runs)).toMatchObject({ imported: 1, alreadyThere: 1, points: 5_000 });
  });

  test('whose source breaks off says how many runs are here by then, and goes on when it is made again', async () => {
    const cut = `import sage from './sage.mjs';
      export default async (from, options) => ({ vendor: 'sage', async *runs(signal) {
        let left = 2;
        for await (const run of (await sage(from, options)).runs(signal)) {
          if (left-- === 0) throw new Error('page 2 is torn');
          yield run;
        }
      } });`;
    writeFileSync(join(sage.root, 'cut.mjs'), cut);
    const runs = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
    const importing = (given: typeof runs) => sage.import(given, { vendor: './cut.mjs' });
    await expect(importing(runs)).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      message: expect.stringMatching(/^2 runs were imported from .*kept\.json, and no more: page 2 is torn$/),
    });
    await expect(importing(runs)).rejects.toThrow(/^nothing was imported from .*: page 2 is torn$/);
    expect(await sage.import(runs)).toMatchObject({ imported: 1, alreadyThere: 2 });
  });

  test('of 100,000 points takes them all, without holding them', async () => {
    const before = process.memoryUsage().rss;
    expect(await sage.import([{ id: 'long', points: 100_000 }])).toMatchObject({ imported: 1, points: 100_000 });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
    expect((await show('run long')).steps['imported']!.tracker.metrics['loss']).toMatchObject({ count: 100_000, last: 49_999.5 });
  });
});

test('garbage collection takes nothing of a run that is being imported, however long that takes', async () => {
  const go = join(sage.root, 'go');
  const importing = sage.import([{ id: 'a', files: { 'a.txt': 'wine' }, waitFor: go }]);
  while (!existsSync(`${go}.waits`)) await delay(5);
  const folder = join(sage.root, '.mortise/artifacts/wine');
  const [logged] = readdirSync(folder);
  const file = join(folder, logged!, 'a.txt');
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(file, past, past);
  expect(await sage.client.collectGarbage({ unknown: true })).toMatchObject({ unknown: { count: 0 } });
  writeFileSync(go, '');
  await importing;
  expect(readFileSync(file, 'utf8')).toBe('wine');
  expect(readdirSync(join(sage.root, '.mortise/logs/.staged'))).toEqual([]);
});

describe('an imported run that was deleted', () => {
  test('is imported again once garbage was collected, and until then it is said what to do', async () => {
    const runs = [{ id: 'a', points: 3, files: { 'a.txt': 'wine' } }];
    await sage.import(runs);
    await sage.client.deleteRun('run a');
    const { failed: why } = await sage.import(runs);
    expect(why[0]!.reason).toMatch(/^it was imported before, and deleted: run "mortise gc"/);
    await sage.client.collectGarbage();
    expect(await sage.import(runs)).toMatchObject({ imported: 1, points: 3, files: 1 });
    const [file] = (await show('run a')).steps['imported']!.tracker.artifacts;
    expect(await text((await import('node:fs')).createReadStream(new URL(file!.uri)))).toBe('wine');
  });
});

describe('what an imported run had printed', () => {
  const printed = ['one', 'two\n', 'oh'].map((text, i) => ({ kind: 'log', at: STARTED + i, stream: text === 'oh' ? 'err' : 'out', text }));
  const runs = [
    { id: 'a', points: 1, events: printed },
    { id: 'b', points: 1 },
  ];
  const shown = async (name: string): Promise<string[]> => {
    const lines: string[] = [];
    for await (const { step, attempt, at, stream, text } of sage.client.stepLogs(name))
      lines.push(`${step} ${attempt} ${Date.parse(at) - STARTED} ${stream} ${text}`);
    return lines;
  };
  const SHOWN = ['imported 1 0 out one\n', 'imported 1 1 out two\n', 'imported 1 2 err oh\n'];

  test('is shown as that of other runs, once however often it is imported, and also when its log is gone', async () => {
    await sage.import(runs);
    expect([await shown('run a'), await shown('run b')]).toEqual([SHOWN, []]);
    await sage.import(runs);
    expect(await shown('run a')).toEqual(SHOWN);
    const { id } = await show('run a');
    await sage.client.collectGarbage();
    for (const name of readdirSync(join(sage.root, '.mortise/logs', id)))
      if (name.endsWith('.log')) rmSync(join(sage.root, '.mortise/logs', id, name));
    expect(await shown('run a')).toEqual(SHOWN);
    expect(readdirSync(join(sage.root, '.mortise/logs/.staged'))).toEqual([]);
  });

  test('is gone with the run', async () => {
    await sage.import(runs);
    const { id } = await show('run a');
    await sage.client.deleteRun('run a');
    await sage.client.collectGarbage();
    expect(existsSync(join(sage.root, '.mortise/logs', id))).toBe(false);
  });

  test('is there whole after an import that broke', async () => {
    await sage.import([{ ...runs[0]!, broken: true }]);
    expect(await sage.import(runs)).toMatchObject({ imported: 2 });
    expect(await shown('run a')).toEqual(SHOWN);
  });
});

describe('what cannot be taken over', () => {
  const told: string[] = [];
  beforeEach(() => void (told.length = 0));
  const importTelling = (runs: Parameters<SageProject['import']>[0], options = {}) =>
    sage.import(runs, { onWarning: (message) => void told.push(message), ...options });

  test('of several runs alike is told once, in the end, with how many they are; once for a run that says it twice', async () => {
    const warns = ['"text" is no number'];
    await importTelling([
      { id: 'a', warns: [...warns, ...warns, 'its file x is gone'] },
      { id: 'b', name: 'run a', warns },
      { id: 'c' },
      { id: 'd', warns, broken: true },
    ]);
    expect(told).toEqual(['run "run a" and 2 others: "text" is no number', 'run "run a": its file x is gone']);
  });

  test('is told of runs that were read also when the import comes to nothing after them', async () => {
    const stop = new AbortController();
    const runs = [{ id: 'a', warns: ['odd'] }, { id: 'b' }];
    const onProgress = ({ runs: done }: ImportProgress): void => void (done === 1 && stop.abort());
    await expect(importTelling(runs, { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: 'AbortError' });
    expect(told).toEqual(['run "run a": odd']);
  });

  test('as a whole is among the failed, whatever experiment is asked for, also when nothing is imported yet', async () => {
    const runs = [{ id: 'a' }, { id: 'b', unreadable: 'the archive is damaged' }];
    const failed = [{ id: 'b', name: 'run b', reason: 'the archive is damaged' }];
    expect(await importTelling(runs, { dryRun: true })).toMatchObject({ imported: 1, failed });
    expect(await importTelling(runs, { experiment: 'wine' })).toMatchObject({ imported: 1, failed });
  });

  test('and nothing beside is an error that says how much, what and why', async () => {
    const runs = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => ({ id, name: `${id}.zip`, unreadable: 'the archive is damaged' }));
    await expect(importTelling(runs.slice(0, 2))).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      facts: { reason: 'none of its 2 runs can be read: "a.zip" (the archive is damaged); "b.zip" (the archive is damaged)' },
    });
    await expect(importTelling(runs)).rejects.toThrow(/none of its 7 runs can be read: .*"e\.zip" \(the archive is damaged\); \.\.\.$/);
    await expect(importTelling(runs.slice(0, 1))).rejects.toThrow(/: its run cannot be read: "a\.zip" \(the archive is damaged\)$/);
  });

  test('an experiment that it has not is an error that says which it has', async () => {
    const runs = ['wine', 'beer', 'wine'].map((experiment, i) => ({ id: `${i}`, experiment }));
    await expect(importTelling(runs, { experiment: 'wien' })).rejects.toMatchObject({
      code: 'IMPORT_FAILED',
      facts: { reason: 'no run of it is of the experiment "wien"' },
      advice: 'Did you mean "wine"?',
    });
    await expect(importTelling(runs, { experiment: 'x' })).rejects.toMatchObject({ advice: 'Known: wine, beer.' });
  });
});
