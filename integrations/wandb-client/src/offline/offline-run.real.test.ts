import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorCommand, vendorPython } from '@mortise/test-servers';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { FileSource, HistoryRow } from '../run-records.ts';
import { BY_PYTHON, DECODE, DEFINITIONS, SCENARIO } from '../testing/offline-scenario.ts';
import { toldBy, valuesOf, type Decoded, type Item } from '../testing/told-records.ts';
import { startWandbRecorder, type RecordedRun, type WandbRecorder } from '../testing/index.ts';
import { fromValueJson, toValueJson } from '../value-json.ts';
import { OfflineRun } from './offline-run.ts';

const suite = canStart('vendor-clients') ? describe : describe.skip;

const textFile = (text: string): FileSource => ({
  async *read() {
    yield await Promise.resolve(Buffer.from(text));
  },
});

function rowsAt(startedAt: number, rows: readonly Record<string, unknown>[]): HistoryRow[] {
  return rows.map((row, step) => ({ ...row, _step: step, _timestamp: startedAt / 1_000 + step, _runtime: step }));
}

/** Of the names that W&B's own client tells on any machine. */
const MACHINE = {
  'system.cpu': 12.5,
  'system.memory_percent': 40.25,
  'system.disk./.usagePercent': 75,
  'system.disk./.usageGB': 100.5,
  'system.network.recv': 1_250_000,
  'system.network.sent': 0,
};

async function writeScenario(dir: string): Promise<OfflineRun> {
  const { about, config, rows, output, files, artifact } = SCENARIO;
  const startedAt = Date.now();
  const run = await OfflineRun.open({ ...about, dir, config, startedAt, host: 'h', program: 'train.ts' });
  for (const definition of DEFINITIONS) run.defineMetric(definition);
  run.output(output.map((text) => ({ stream: 'out', text, at: startedAt })));
  run.output([{ stream: 'err', text: 'to stderr', at: startedAt }]);
  run.history(rowsAt(startedAt, rows));
  run.systemMetrics([{ ...MACHINE, _timestamp: startedAt / 1_000 + 1.5, _runtime: 1.5 }]);
  await run.flush();
  run.config({ later: { x: 1 }, lr: 0.02 });
  run.summary({ best: 0.5 });
  run.summary({ deep: { x: 1 } });
  run.describe({ tags: [...about.tags, 'd'] });
  run.describe({ notes: 'changed' });
  const references = [{ path: 'far', uri: artifact.uri, digest: artifact.uri }];
  await run.artifact({
    ...artifact,
    references,
    files: Object.entries(artifact.files).map(([path, text]) => ({ path, ...textFile(text) })),
  });
  for (const [path, text] of Object.entries(files)) await run.file(path, textFile(text));
  await run.alert({ title: 'title', text: 'some text', level: 'WARN', waitDuration: 5_000 });
  await run.exit(0, 3);
  return run;
}

/** A run that is nothing but its rows and its end. */
async function writeRows(dir: string, id: string, rows: number, code: number): Promise<OfflineRun> {
  const startedAt = Date.now();
  const run = await OfflineRun.open({ dir, id, entity: 'acme', project: 'demo', config: {}, startedAt });
  const all = Array.from({ length: rows }, (_, step) => ({ a: step, b: step / 3, c: -step, d: 1e-9 * step, e: step % 7 }));
  run.history(rowsAt(startedAt, all));
  await run.exit(code, 1);
  return run;
}

const HISTORY = 'wandb-history.jsonl';
const linesOf = (run: RecordedRun | undefined, stream: string): Record<string, unknown>[] =>
  (run?.streams[stream] ?? []).map((line) => fromValueJson(line) as Record<string, unknown>);
const withoutTimes = ({ _timestamp: _, _runtime: __, _wandb: ___, ...values }: Record<string, unknown>): Record<string, unknown> => values;
const withoutTime = (line: string): string => line.replace(/\d{4}-\d\d-\d\dT[\d:.]+ /, '');

suite('an offline run, beside W&B’s own client', () => {
  let ours: OfflineRun[];
  let decoded: Decoded[][];
  let byOurs: WandbRecorder;
  let byPython: WandbRecorder;
  let pythonFolder: string;
  let syncTo: (recorder: WandbRecorder, paths: string[]) => Promise<{ code: number | null; stderr: string }>;
  let sync: { code: number | null; stderr: string }[];

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mortise-wandb-real-'));
    ours = [
      await writeScenario(dir),
      await writeRows(dir, 'failed', 3, 1),
      await writeRows(dir, 'empty', 0, 0),
      await writeRows(dir, 'many', 10_000, 0),
    ];
    [byOurs, byPython] = await Promise.all([startWandbRecorder(), startWandbRecorder()]);
    const folders = {
      HOME: dir,
      PYTHON_DIR: join(dir, 'python'),
      WANDB_CACHE_DIR: join(dir, 'cache'),
      WANDB_DATA_DIR: join(dir, 'data'),
      WANDB_DISABLE_GIT: 'true',
      // The first sample says nothing of the CPU.
      WANDB_X_STATS_SAMPLING_INTERVAL: '0.1',
    };
    const scenario = toValueJson({ ...SCENARIO, definitions: DEFINITIONS });
    const output = await vendorPython(`import os; os.makedirs(os.environ['PYTHON_DIR'])\n${BY_PYTHON}\n${DECODE}`, {
      ...folders,
      ...{ SCENARIO: scenario, LOGS: JSON.stringify(ours.map(({ path }) => path)) },
    });
    decoded = JSON.parse(/^DECODED(.*)$/m.exec(output)![1]!) as Decoded[][];
    pythonFolder = dirname(/^OWN(.*)$/m.exec(output)![1]!);
    syncTo = (recorder, paths) =>
      vendorCommand('wandb', ['sync', ...paths], { ...folders, WANDB_BASE_URL: recorder.url, WANDB_API_KEY: 'k'.repeat(40) }, dir);
    sync = [
      await syncTo(
        byOurs,
        ours.map(({ folder }) => folder),
      ),
      await syncTo(byPython, [pythonFolder]),
    ];
  });

  afterAll(() => Promise.all([byOurs?.stop(), byPython?.stop()]));

  test('is read by W&B’s own descriptors, and says record by record what its client writes for the same scenario', () => {
    expect(toldBy(decoded[0]!)).toEqual(toldBy(decoded.at(-1)!));
  });

  test('counts its records from 1, and has every row of 10,000', () => {
    const many = decoded[3]!;
    expect(many.map(({ num }) => Number(num))).toEqual(many.map((_, index) => index + 1));
    const rows = many.flatMap(({ history }) => (history === undefined ? [] : [valuesOf((history as { item: Item[] }).item)]));
    expect(rows.map(({ _timestamp, _runtime, ...row }) => row)).toEqual(
      Array.from({ length: 10_000 }, (_, step) => ({ _step: step, a: step, b: step / 3, c: -step || 0, d: 1e-9 * step, e: step % 7 })),
    );
  });

  test('is taken by wandb sync, and so are a failed, an empty and a long one', () => {
    expect(sync.map(({ code }) => code)).toEqual([0, 0]);
    expect(byOurs.runs.map(({ name, complete, exitCode }) => [name, complete, exitCode]).sort()).toEqual([
      ['empty', true, 0],
      ['failed', true, 1],
      ['full', true, 0],
      ['many', true, 0],
    ]);
    expect(linesOf(byOurs.run('many'), HISTORY).map(({ _step }) => _step)).toEqual(Array.from({ length: 10_000 }, (_, step) => step));
    expect(linesOf(byOurs.run('failed'), HISTORY).length).toBe(3);
  });

  test('arrives at the server as that of W&B’s own client does', () => {
    const [own, python] = [byOurs.run('full')!, byPython.run('full')!];
    for (const name of ['entity', 'project', 'displayName', 'groupName', 'jobType', 'notes', 'tags', 'host'] as const)
      expect({ [name]: own[name] }).toEqual({ [name]: python[name] });
    const configOf = ({ config: { _wandb, ...config } }: RecordedRun): unknown => config;
    expect(configOf(own)).toEqual(configOf(python));
    expect(linesOf(own, HISTORY).map(withoutTimes)).toEqual(linesOf(python, HISTORY).map(withoutTimes));
    expect(withoutTimes(linesOf(own, 'wandb-summary.json').at(-1)!)).toEqual(withoutTimes(linesOf(python, 'wandb-summary.json').at(-1)!));
    expect(own.streams['output.log']?.map(withoutTime)).toEqual(python.streams['output.log']?.map(withoutTime));
    expect(own.alerts).toEqual(python.alerts);
  });

  test('brings its system metrics to where W&B’s own client has them, by the same names', () => {
    const eventsOf = (recorder: WandbRecorder): Record<string, unknown>[] => linesOf(recorder.run('full'), 'wandb-events.jsonl');
    const [own, ...more] = eventsOf(byOurs);
    expect([own, more]).toEqual([{ ...MACHINE, _wandb: true, _timestamp: expect.any(Number), _runtime: expect.closeTo(1.5) }, []]);
    const theirs = Object.assign({}, ...eventsOf(byPython)) as Record<string, unknown>;
    expect(Object.keys(own!).filter((name) => !(name in theirs))).toEqual([]);
  });

  test('says how metrics are defined as W&B’s own client says it', () => {
    const metricsOf = (run: RecordedRun | undefined): unknown[] => {
      const listed = (run?.config['_wandb']?.value as { m: Record<string, unknown>[] }).m;
      // The order differs from sync to sync, and with it the place to which a step metric's number points.
      return listed
        .map((one) => ({ ...one, ...(one['5'] !== undefined && { '5': listed[Number(one['5']) - 1]?.['1'] }) }))
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    };
    expect(new Set(metricsOf(byOurs.run('full')))).toEqual(new Set(metricsOf(byPython.run('full'))));
  });

  test('brings its files and artifacts with it', () => {
    const own = byOurs.run('full')!;
    expect(own.files['extra/a.txt']?.toString()).toBe('an extra file');
    expect(own.files['output.log']?.toString()).toBe(byPython.run('full')!.files['output.log']?.toString());
    expect(JSON.parse(own.files['wandb-metadata.json']!.toString())).toMatchObject({ host: 'h', program: 'train.ts' });
    expect(own.files['config.yaml']?.toString()).toContain('with.dot:\n    value: true');
    const artifactOf = ({ artifacts: [artifact] }: WandbRecorder): unknown => {
      const { id: _, files, manifest, ...rest } = artifact!;
      const contents = Object.entries(manifest!.contents).map(([path, { digest, size, ref }]) => [path, digest, size, ref]);
      return {
        ...rest,
        // In the vendor's client their order differs from time to time.
        aliases: rest.aliases.toSorted(),
        files: Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, bytes.toString()])),
        contents: new Set(contents),
      };
    };
    expect(artifactOf(byOurs)).toEqual(artifactOf(byPython));
    expect(artifactOf(byOurs)).toMatchObject({ committed: true, files: { 'f/x.txt': 'hello artifact', 'a.txt': '' } });
  });

  test('has in its folder what that of W&B’s own client has, but for a list of Python packages', async () => {
    const filesIn = async (folder: string): Promise<string[]> => (await readdir(join(folder, 'files'))).sort();
    const python = await filesIn(pythonFolder);
    expect(await filesIn(ours[0]!.folder)).toEqual(python.filter((name) => name !== 'requirements.txt'));
    expect(await readFile(join(ours[0]!.folder, 'files/output.log'), 'utf8')).toBe(
      await readFile(join(pythonFolder, 'files/output.log'), 'utf8'),
    );
  });

  test('that goes on after it was synced arrives with each row once', async () => {
    const run = await OfflineRun.open({
      dir: dirname(dirname(ours[1]!.folder)),
      id: 'failed',
      entity: 'acme',
      project: 'demo',
      config: {},
      startedAt: Date.now(),
    });
    run.history(rowsAt(Date.now(), [{}, {}, {}, { a: 3 }, { a: 4 }]).slice(run.lastStep + 1));
    await run.exit(0, 2);
    const { code } = await syncTo(byOurs, [run.folder]);
    const { complete, exitCode } = byOurs.run('failed')!;
    expect([code, complete, exitCode]).toEqual([0, true, 0]);
    expect(linesOf(byOurs.run('failed'), HISTORY).map(({ _step, a }) => [_step, a])).toEqual([0, 1, 2, 3, 4].map((step) => [step, step]));
    expect(withoutTimes(linesOf(byOurs.run('failed'), 'wandb-summary.json').at(-1)!)).toMatchObject({ a: 4, e: 2 });
  });

  test('asks the server for nothing that W&B’s own client does not', () => {
    expect([byOurs.unknown, byPython.unknown]).toEqual([[], []]);
  });
});
