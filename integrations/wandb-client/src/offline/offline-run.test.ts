import { describe, expect, jest, test } from '@jest/globals';
import { fstatSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  open as openFile,
  type FileHandle,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import type { FileSource, HistoryRow } from '../run-records.ts';
import { decodeRecord } from '../transaction-log/decode-record.ts';
import type { LogRecord } from '../transaction-log/log-record.ts';
import { TransactionLogReader } from '../transaction-log/transaction-log-reader.ts';
import { encodeRecord } from '../transaction-log/encode-record.ts';
import { TransactionLogWriter } from '../transaction-log/transaction-log-writer.ts';
import { OfflineRun, type OfflineRunOptions } from './offline-run.ts';

const STARTED = new Date(2026, 10, 21, 9, 5, 7).getTime();
const FOLDER = 'offline-run-20261121_090507-r1';

const newDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'mortise-wandb-offline-'));
const optionsIn = (dir: string): OfflineRunOptions => ({ dir, id: 'r1', project: 'wine', config: { lr: 0.1 }, startedAt: STARTED });
const rowOf = (step: number): HistoryRow => ({ _step: step, _timestamp: STARTED / 1000 + step, _runtime: step, loss: 1 / (step + 1) });
const rowsOf = (from: number, to: number): HistoryRow[] => Array.from({ length: to - from }, (_, index) => rowOf(from + index));
const textFile = (text: string): FileSource => ({
  async *read() {
    yield await Promise.resolve(Buffer.from(text));
  },
});

async function recordsOf(path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const reader = new TransactionLogReader(path);
  for await (const { bytes } of reader.records()) records.push(decodeRecord(bytes));
  expect(reader.tornAt).toBeUndefined();
  return records;
}

async function kept<K extends LogRecord['kind']>(run: OfflineRun, kind: K): Promise<Extract<LogRecord, { kind: K }>[]> {
  return (await recordsOf(run.path)).filter((record): record is Extract<LogRecord, { kind: K }> => record.kind === kind);
}

const stepsOf = async (run: OfflineRun): Promise<unknown[]> => (await kept(run, 'history')).map(({ row }) => row['_step']);

/** What the log's records make of the summary. */
async function summaryOf(run: OfflineRun): Promise<Record<string, unknown>> {
  const updates = (await kept(run, 'summary')).flatMap(({ update }) => update);
  return Object.fromEntries(updates.map(({ path, value }) => [path.join('/'), value]));
}

describe('an offline run', () => {
  test('lies where the vendor’s tools look for it: folder, log, files, and a link to the latest', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.output([{ stream: 'out', text: 'häuser', at: STARTED }]);
    run.output([{ stream: 'err', text: 'oops', at: STARTED }]);
    await run.file('media/a.txt', textFile('an a'));
    await run.exit(0, 3.9);
    expect(run.folder).toBe(join(dir, 'wandb', FOLDER));
    expect((await readdir(run.folder)).sort()).toEqual(['files', 'run-r1.wandb']);
    expect(await readFile(join(run.folder, 'files/output.log'), 'utf8')).toBe('häuser\noops\n');
    expect(await readFile(join(run.folder, 'files/media/a.txt'), 'utf8')).toBe('an a');
    expect(await readlink(join(dir, 'wandb/latest-run'))).toBe(FOLDER);
  });

  test('tells of a run from its beginning to its end', async () => {
    const run = await OfflineRun.open({ ...optionsIn(await newDir()), displayName: 'First', tags: ['a'], host: 'h', program: 'train.ts' });
    run.defineMetric({ name: 'loss', summary: ['min'] });
    run.history(rowsOf(0, 2));
    run.config({ late: true });
    run.summary({ best: 0.5 });
    run.describe({ tags: ['a', 'b'], notes: 'n' });
    await run.alert({ title: 't', text: 'u' });
    await run.exit(1, 3.9);
    const kinds = (await recordsOf(run.path)).map(({ kind }) => kind);
    expect(kinds).toEqual([
      ...['header', 'run', 'environment', 'metric', 'history', 'history', 'config', 'summary'],
      ...['run', 'alert', 'summary', 'exit'],
    ]);
    const [, described] = await kept(run, 'run');
    expect(described?.run).toMatchObject({
      id: 'r1',
      project: 'wine',
      displayName: 'First',
      tags: ['a', 'b'],
      notes: 'n',
      startedAt: STARTED,
    });
    expect(described?.run.config).toEqual([
      { path: ['lr'], value: 0.1 },
      { path: ['late'], value: true },
    ]);
    expect(await summaryOf(run)).toMatchObject({ loss: { min: 0.5 }, _step: 1, best: 0.5, _runtime: 3, '_wandb/runtime': 3 });
    expect(await kept(run, 'exit')).toEqual([{ kind: 'exit', code: 1, runtimeSeconds: 3 }]);
  });

  test('has on disk what was flushed, while the process goes on', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    run.history(rowsOf(0, 3));
    await run.flush();
    expect(run.safeSize).toBe((await stat(run.path)).size);
    expect(await stepsOf(run)).toEqual([0, 1, 2]);
    expect(await summaryOf(run)).toMatchObject({ loss: 1 / 3 });
    await run.close();
  });

  test('is confirmed when also the names of its log and its files are on disk', async () => {
    const dir = await newDir();
    const handle = await openFile(dir);
    const handles = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const synced: number[] = [];
    const { sync } = handles;
    const spy = jest.spyOn(handles, 'sync').mockImplementation(function (this: FileHandle) {
      synced.push(fstatSync(this.fd).ino);
      return sync.call(this);
    });
    try {
      const run = await OfflineRun.open(optionsIn(dir));
      const inodes = async (...folders: string[]): Promise<number[]> =>
        Promise.all(folders.map(async (folder) => (await stat(folder)).ino)).then((all) => all.sort());
      expect(synced.sort()).toEqual(await inodes(dir, join(dir, 'wandb'), run.folder));
      synced.length = 0;
      run.history([rowOf(0)]);
      await run.flush();
      expect(synced).toEqual([]);
      await run.file('media/a/b.txt', textFile('b'));
      await run.artifact({ name: 'data', type: 'dataset', files: [{ path: 'z.txt', ...textFile('z') }] });
      await run.flush();
      const artifacts = join(run.folder, 'artifacts');
      const [staged] = await readdir(artifacts);
      const files = ['files', 'files/media', 'files/media/a'].map((name) => join(run.folder, name));
      expect(synced.sort()).toEqual(await inodes(run.folder, ...files, artifacts, join(artifacts, staged!)));
      await run.exit(0, 1);
    } finally {
      spy.mockRestore();
    }
  });

  test('opened again in another process goes on behind what it has, torn or not', async () => {
    for (const torn of [0, 1, 9, 200]) {
      const dir = await newDir();
      const killed = await OfflineRun.open({ ...optionsIn(dir), group: 'g' });
      killed.defineMetric({ name: 'loss', summary: ['max', 'mean'] });
      killed.history(rowsOf(0, 700));
      killed.output([{ stream: 'out', text: 'one', at: STARTED }]);
      killed.summary({ mine: 1 });
      await killed.flush();
      killed.config({ unsafe: 'x'.repeat(200) });
      await killed.close();
      await truncate(killed.path, killed.safeSize - torn);

      const run = await OfflineRun.open({ ...optionsIn(dir), startedAt: STARTED + 60_000 });
      expect([run.path, run.lastStep]).toEqual([killed.path, 699]);
      expect(run.values).toMatchObject({ config: { lr: 0.1 }, summary: { loss: { max: 1 }, mine: 1 } });
      run.history([rowOf(700)]);
      run.output([{ stream: 'out', text: 'two', at: STARTED }]);
      run.describe({ notes: 'n' });
      await run.exit(0, 5);
      expect(await stepsOf(run)).toEqual(rowsOf(0, 701).map(({ _step }) => _step));
      const mean = rowsOf(0, 701).reduce((sum, { loss }) => sum + Number(loss), 0) / 701;
      expect(await summaryOf(run)).toMatchObject({ loss: { max: 1, mean: expect.closeTo(mean, 12) as unknown }, mine: 1 });
      expect((await kept(run, 'run')).at(-1)?.run).toMatchObject({ group: 'g', startedAt: STARTED, notes: 'n' });
      expect(await readFile(join(run.folder, 'files/output.log'), 'utf8')).toBe('one\ntwo\n');
    }
  });

  test('takes rows anew that were written and not acknowledged, and has each once', async () => {
    const dir = await newDir();
    const killed = await OfflineRun.open(optionsIn(dir));
    killed.history(rowsOf(0, 3));
    await killed.flush();
    const acknowledged = killed.safeSize;
    killed.history(rowsOf(3, 6));
    await killed.close();
    const run = await OfflineRun.open({ ...optionsIn(dir), size: acknowledged });
    expect([run.lastStep, run.safeSize]).toEqual([2, acknowledged]);
    run.history(rowsOf(3, 6));
    await run.exit(0, 1);
    expect(await stepsOf(run)).toEqual([0, 1, 2, 3, 4, 5]);
    expect((await kept(run, 'run')).length).toBe(1);
  });

  test('goes on behind what was acknowledged, whatever a machine that went down has left after that', async () => {
    const zeros = Buffer.alloc(600_000);
    for (const left of [zeros, Buffer.concat([zeros, Buffer.alloc(40_000, 1)]), Buffer.alloc(100_000, 7)]) {
      const dir = await newDir();
      const stopped = await OfflineRun.open(optionsIn(dir));
      stopped.history(rowsOf(0, 3));
      await stopped.close();
      const acknowledged = stopped.safeSize;
      await appendFile(stopped.path, left);
      const run = await OfflineRun.open({ ...optionsIn(dir), size: acknowledged });
      run.history(rowsOf(3, 6));
      await run.exit(0, 1);
      expect(await stepsOf(run)).toEqual([0, 1, 2, 3, 4, 5]);
    }
  });

  test('that was killed before its beginning was safe begins anew', async () => {
    for (const cut of [0, 3, 7, 20, 60, 80]) {
      const dir = await newDir();
      const killed = await OfflineRun.open(optionsIn(dir));
      await killed.close();
      await truncate(killed.path, cut);
      const run = await OfflineRun.open(optionsIn(dir));
      await run.exit(0, 0);
      expect((await recordsOf(run.path)).map(({ kind }) => kind)).toEqual(['header', 'run', 'environment', 'summary', 'exit']);
    }
  });

  test('keeps its end when it is ended again, and loses it when it is gone on with', async () => {
    const dir = await newDir();
    await (await OfflineRun.open(optionsIn(dir))).exit(1, 4);
    const again = await OfflineRun.open(optionsIn(dir));
    await again.exit(0, 9);
    expect(await kept(again, 'exit')).toEqual([{ kind: 'exit', code: 1, runtimeSeconds: 4 }]);
    const resumed = await OfflineRun.open(optionsIn(dir));
    resumed.history([rowOf(0)]);
    await resumed.exit(0, 9);
    expect((await recordsOf(resumed.path)).map(({ kind }) => kind)).toEqual([
      'header',
      'run',
      'environment',
      'summary',
      'history',
      'summary',
      'exit',
    ]);
    expect(await kept(resumed, 'exit')).toEqual([{ kind: 'exit', code: 0, runtimeSeconds: 9 }]);
  });

  test('that was synced goes on in a log of its own, so that no row is sent twice, and knows what came before', async () => {
    const dir = await newDir();
    const first = await OfflineRun.open({ ...optionsIn(dir), tags: ['a'] });
    first.defineMetric({ name: 'loss', summary: ['max'] });
    first.history(rowsOf(0, 3));
    first.config({ late: true });
    await first.exit(1, 3);
    await writeFile(`${first.path}.synced`, '');

    const untouched = await OfflineRun.open({ ...optionsIn(dir), size: first.safeSize });
    await untouched.exit(0, 4);
    expect(await readdir(join(dir, 'wandb'))).toEqual(['latest-run', FOLDER]);

    const killed = await OfflineRun.open({ ...optionsIn(dir), size: first.safeSize });
    expect([killed.lastStep, killed.values.summary['loss']]).toEqual([2, { max: 1 }]);
    killed.history([rowOf(3)]);
    await killed.close();
    // Not acknowledged: the size is that of the first log still.
    const second = await OfflineRun.open({ ...optionsIn(dir), size: first.safeSize });
    expect([second.path === first.path, second.path]).toEqual([false, killed.path]);
    second.history(rowsOf(3, 5));
    await second.flush();
    const again = await OfflineRun.open({ ...optionsIn(dir), size: second.safeSize });
    again.history([rowOf(5)]);
    await again.exit(0, 6);
    expect([await stepsOf(first), await stepsOf(again)]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect((await recordsOf(again.path)).map(({ kind }) => kind).slice(0, 4)).toEqual(['header', 'run', 'environment', 'metric']);
    expect((await kept(again, 'run')).at(-1)?.run).toMatchObject({
      tags: ['a'],
      startedAt: STARTED,
      config: [{ value: 0.1 }, { value: true }],
    });
    expect(await summaryOf(again)).toMatchObject({ loss: { max: 1 }, _step: 5 });
    expect(await kept(first, 'exit')).toEqual([{ kind: 'exit', code: 1, runtimeSeconds: 3 }]);
    expect(await readlink(join(dir, 'wandb/latest-run'))).toBe(basename(again.folder));
  });

  test('leaves alone the folder of another client that joined it', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.history([rowOf(0)]);
    await run.close();
    const folder = join(dir, 'wandb', FOLDER.replace('090507', '110000'));
    await mkdir(folder);
    const foreign = new TransactionLogWriter(join(folder, 'run-r1.wandb'));
    foreign.append(encodeRecord(1, { kind: 'header', producer: '0.31.0+abc', minConsumer: '0.70.0' }));
    foreign.append(encodeRecord(2, { kind: 'history', row: { _step: 7 } }));
    await foreign.close();
    const again = await OfflineRun.open({ ...optionsIn(dir), size: run.safeSize });
    expect([again.path, again.lastStep]).toEqual([run.path, 0]);
    await again.exit(0, 1);
    expect((await stat(join(folder, 'run-r1.wandb'))).size).toBe(foreign.size);
  });

  test('whose log was taken away while it goes on, as `wandb sync --clean` does, says of nothing more that it is safe', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.history([rowOf(0)]);
    await run.flush();
    const { safeSize } = run;
    await rm(run.folder, { recursive: true });
    run.history([rowOf(1)]);
    for (let tries = 0; tries < 2; tries++) await expect(run.flush()).rejects.toThrow(`${run.path} was taken away while it was written to`);
    expect(run.safeSize).toBe(safeSize);
    await expect(run.exit(0, 1)).rejects.toThrow('was taken away');
    const again = await OfflineRun.open({ ...optionsIn(dir), size: safeSize });
    again.history([rowOf(1)]);
    await again.exit(0, 1);
    expect(await stepsOf(again)).toEqual([1]);
  });

  test('takes nothing after its end', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    await run.exit(0, 1);
    expect(() => run.history([rowOf(0)])).toThrow('the run r1 has ended');
    await run.exit(1, 2);
    expect(await kept(run, 'exit')).toEqual([{ kind: 'exit', code: 0, runtimeSeconds: 1 }]);
  });

  test('keeps files within its own folder, whole or not at all', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    for (const path of ['../out.txt', '/etc/out.txt', 'a/../../out.txt', '', '..', '.', 'a\0b']) {
      await expect(run.file(path, textFile('x'))).rejects.toThrow(RangeError);
    }
    const broken: FileSource = {
      async *read() {
        yield await Promise.resolve(Buffer.from('half'));
        throw new Error('gone');
      },
    };
    await run.file('a.txt', textFile('first'));
    await expect(run.file('a.txt', broken)).rejects.toThrow('gone');
    expect(await readdir(join(run.folder, 'files'))).toEqual(['a.txt']);
    expect(await readFile(join(run.folder, 'files/a.txt'), 'utf8')).toBe('first');
    await run.file('a.txt', textFile('second'));
    expect(await readFile(join(run.folder, 'files/a.txt'), 'utf8')).toBe('second');
    await run.exit(0, 0);
    expect((await kept(run, 'files')).flatMap(({ paths }) => paths)).toEqual(['a.txt', 'a.txt']);
  });

  test('has copies of an artifact’s files, and one digest for the same content', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    const files = [
      { path: 'z.txt', ...textFile('hello artifact') },
      { path: 'f/x.txt', ...textFile('') },
    ];
    const references = [{ path: 'far', uri: 's3://b/far', digest: 'etag' }];
    await run.artifact({ name: 'data', type: 'dataset', aliases: ['best', 'latest'], metadata: { k: 1 }, files, references });
    await run.artifact({ name: 'data', type: 'dataset', files: files.toReversed(), references });
    await run.exit(0, 0);
    const [first, second] = (await kept(run, 'artifact')).map(({ artifact }) => artifact);
    expect(first).toMatchObject({
      runId: 'r1',
      project: 'wine',
      name: 'data',
      type: 'dataset',
      metadata: '{"k":1}',
      aliases: ['latest', 'best'],
    });
    expect(first?.entries).toEqual([
      { path: 'z.txt', digest: 'jLUg/WxG9+R7ngotXibLpA==', size: 14, localPath: expect.any(String) as unknown },
      { path: 'f/x.txt', digest: '1B2M2Y8AsgTpgAmY7PhCfg==', size: 0, localPath: expect.any(String) as unknown },
      { path: 'far', digest: 'etag', ref: 's3://b/far', size: 0 },
    ]);
    expect(await readFile(first?.entries[0]?.localPath ?? '', 'utf8')).toBe('hello artifact');
    expect(second?.digest).toBe(first?.digest);
  });

  test('keeps nothing of an artifact that could not be copied whole', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    const broken: FileSource = {
      async *read() {
        yield await Promise.resolve(Buffer.from('half'));
        throw new Error('gone');
      },
    };
    const files = [
      { path: 'a.txt', ...textFile('first') },
      { path: 'b.txt', ...broken },
    ];
    for (let tries = 0; tries < 3; tries++) await expect(run.artifact({ name: 'data', type: 'dataset', files })).rejects.toThrow('gone');
    expect(await readdir(join(run.folder, 'artifacts'))).toEqual([]);
    await run.exit(0, 0);
    expect(await kept(run, 'artifact')).toEqual([]);
  });

  test('that goes on after a kill has nothing in its folder that is not whole, and all that its records tell of', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    const own = 'a/aaaaaaaaaaaa.part';
    await run.file(own, textFile('whole'));
    await run.artifact({ name: 'data', type: 'dataset', files: [{ path: 'd/a.txt', ...textFile('data') }] });
    await run.close();
    const [kept] = await readdir(join(run.folder, 'artifacts'));
    const half = async (...path: string[]): Promise<void> => {
      const target = join(run.folder, ...path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, 'half');
    };
    await half('files', 'a', '0123456789ab.part');
    await half('artifacts', 'ba9876543210', 'd', '0123456789ab.part');
    await half('artifacts', 'fedcba987654', 'whole.txt');
    await (await OfflineRun.open(optionsIn(dir))).exit(0, 1);
    expect(await readdir(join(run.folder, 'files', 'a'))).toEqual([basename(own)]);
    expect(await readdir(join(run.folder, 'artifacts'))).toEqual([kept]);
    expect(await readFile(join(run.folder, 'artifacts', kept!, 'd', 'a.txt'), 'utf8')).toBe('data');
  });

  test('of 10,000 rows of 5 metrics has all of them when it is closed', async () => {
    const run = await OfflineRun.open(optionsIn(await newDir()));
    for (let step = 0; step < 10_000; step++)
      run.history([{ ...rowOf(step), 'val/loss': step * 0.1, acc: step / 3, 'lr/a': 1e-4, grad: step * 1.5 }]);
    await run.exit(0, 10);
    expect((await stepsOf(run)).length).toBe(10_000);
  });

  test('refuses a damaged log rather than writing over it', async () => {
    const dir = await newDir();
    const before = await OfflineRun.open(optionsIn(dir));
    before.history(rowsOf(0, 20));
    await before.close();
    const bytes = await readFile(before.path);
    bytes[300]! ^= 1;
    await writeFile(before.path, bytes);
    await expect(OfflineRun.open(optionsIn(dir))).rejects.toThrow(`${before.path} is damaged at byte`);
    expect(await readFile(before.path)).toEqual(bytes);
  });
});
