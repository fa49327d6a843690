import {
  appendFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open as openFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  ArtifactNotFound,
  type LoggedEvent,
  type TrackerEvent,
  type TrackerRun,
  type TrackerRunRef,
  type TrackerRunStart,
} from '@mortise/core';

import type { CometRun } from '../comet-run.ts';
import { importedFrom } from '../testing/imported.ts';
import { offlineExperiment } from '../testing/offline-experiment.ts';
import { never } from '../testing/play.ts';
import { trackerIn } from '../testing/tracker-in.ts';
import { unzipped } from '../testing/unzipped.ts';
import { RunFiles } from './run-files.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const COMPLETED = { status: 'completed' } as const;
const FAILED = { status: 'failed', error: { name: 'TypeError', message: 'no wine left: pr\u00e9cision' } } as const;

let root: string;
let archives: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mortise comet '));
  archives = join(root, 'archives');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** As a process of its own does it. */
async function opened(over: Partial<TrackerRunStart> = {}): Promise<TrackerRun<CometRun>> {
  const tracker = await trackerIn(root, { mode: 'offline', offlineDirectory: 'archives', workspace: 'acme' });
  const start: TrackerRunStart = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1_000, settings: {}, ...over };
  return tracker.open({ key: KEY, runId: 'run-1', stepId: 'train', attempt: 1 }, start, undefined, never);
}

function curve(count: number, from = 0): TrackerEvent[] {
  return Array.from({ length: count }, (_, at) => from + at).map((step) => ({
    ...{ writer: 'w', seq: step + 1, at: 1_000 + step, kind: 'metrics', values: { loss: step / 8 }, step },
  }));
}

const steps = async (): Promise<(number | null)[]> => (await offlineExperiment(archives, KEY))!.points.map(({ step }) => step);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, step) => step);

test('an archive holds what Comet asks for, its address is the ref, and nothing else is left', async () => {
  const run = await opened({ settings: { labels: ['nightly'] }, tags: { 'mortise.run': 'wine-7' } });
  await run.deliver(curve(3), never);
  const { url, ids } = await run.close(FAILED, 9_000, never);
  expect(fileURLToPath(url!)).toBe(join(archives, `${KEY}.zip`));
  expect(ids).toMatchObject({ comet_experiment_key: KEY, comet_sync_command: `comet upload '${join(archives, `${KEY}.zip`)}'` });
  expect(readdirSync(archives)).toEqual([`${KEY}.zip`]);
  const entries = await unzipped(fileURLToPath(url!));
  expect(JSON.parse(entries.get('experiment.json')!.toString())).toMatchObject({
    ...{ offline_id: KEY, project_name: 'demo', workspace: 'acme', start_time: 1_000, stop_time: 9_000, tags: ['wine-7', 'g', 'nightly'] },
    ...{ customer_error_reported: true, customer_error_message: 'TypeError: no wine left: pr\u00e9cision' },
  });
  const ids1 = entries
    .get('messages.json')!
    .toString()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { payload: { message_id: number } }).payload.message_id);
  expect(ids1).toEqual(ids1.map((_, at) => at + 1));
});

describe('after the end of a process', () => {
  test('a batch that it wrote in part is written anew, and what was confirmed is there', async () => {
    await (await opened()).deliver(curve(5), never);
    appendFileSync(join(archives, KEY, 'messages.log'), '{"type":"metric_msg","payload":{"metric":{"metricName":"loss","metr');
    const run = await opened();
    await run.deliver(curve(8), never);
    await run.close(COMPLETED, 9_000, never);
    expect(await steps()).toEqual(upTo(8));
  });

  test('an archive that it wrote in part is written anew', async () => {
    await (await opened()).deliver(curve(5), never);
    writeFileSync(join(archives, `${KEY}.zip.part`), 'PK half of it');
    await (await opened()).close(COMPLETED, 9_000, never);
    expect(await steps()).toEqual(upTo(5));
    expect(readdirSync(archives)).toEqual([`${KEY}.zip`]);
  });

  test('a file that it wrote in part, and that cannot be read any more, is not in the archive', async () => {
    await (await opened()).deliver(curve(5), never);
    const [assets, id] = [join(archives, KEY, 'assets'), '0'.repeat(32)];
    mkdirSync(assets);
    writeFileSync(join(assets, `${id}.part`), 'half of it');
    await (await opened()).close(COMPLETED, 9_000, never);
    expect([...(await unzipped(join(archives, `${KEY}.zip`))).keys()]).toEqual(['experiment.json', 'messages.json']);
  });

  test('an archive that was whole counts, and not what it was made of', async () => {
    await (await opened()).deliver(curve(5), never);
    const log = readFileSync(join(archives, KEY, 'messages.log'));
    await (await opened()).close(COMPLETED, 9_000, never);
    mkdirSync(join(archives, KEY));
    writeFileSync(join(archives, KEY, 'messages.log'), log);
    await (await opened()).close(FAILED, 9_999, never);
    expect(existsSync(join(archives, KEY))).toBe(false);
    expect((await offlineExperiment(archives, KEY))!.error).toBe(null);
    expect(await steps()).toEqual(upTo(5));
  });

  test.each(['the same', 'another'])(
    'an archive that was whole is not replaced by what was not taken away yet, when %s closes again',
    async (who) => {
      const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.from('weights'));
      };
      const artifact: LoggedEvent = { kind: 'artifact', path: 'w.bin', uri: 'file:///w', sha256: 'x', size: 7 };
      const run = await opened({ readArtifact });
      await run.deliver([...curve(5), { writer: 'w', seq: 6, at: 5, ...artifact }], never);
      const other = await opened({ readArtifact });
      const log = readFileSync(join(archives, KEY, 'messages.log'));
      await run.close(COMPLETED, 9_000, never);
      // The log is there still, and its assets are not.
      mkdirSync(join(archives, KEY, 'assets'), { recursive: true });
      writeFileSync(join(archives, KEY, 'messages.log'), log);
      await (who === 'the same' ? run : other).close(COMPLETED, 9_999, never);
      expect(readdirSync(archives)).toEqual([`${KEY}.zip`]);
      const { assets, endedAt } = (await offlineExperiment(archives, KEY))!;
      expect([assets.map(({ bytes }) => bytes.toString()), endedAt, await steps()]).toEqual([['weights'], 9_000, upTo(5)]);
    },
  );
});

test('where its messages are is on the disk before any is confirmed, and where its archive is before they are taken away', async () => {
  await using probe = await openFile(root);
  const handles = Object.getPrototypeOf(probe) as FileHandle;
  const synced: number[] = [];
  const { sync } = handles;
  const spy = jest.spyOn(handles, 'sync').mockImplementation(function (this: FileHandle) {
    synced.push(fstatSync(this.fd).ino);
    return sync.call(this);
  });
  try {
    const run = await opened();
    const inodes = [archives, join(archives, KEY)].map((folder) => statSync(folder).ino);
    expect(synced).toEqual(expect.arrayContaining(inodes));
    synced.length = 0;
    await run.close(COMPLETED, 9_000, never);
    expect(synced).toEqual([inodes[0]]);
  } finally {
    spy.mockRestore();
  }
});

test('two processes take turns, and each sees what the other wrote', async () => {
  const [one, other] = [await opened(), await opened()];
  await one.deliver(curve(3), never);
  await other.deliver(curve(5), never);
  await one.deliver(curve(9), never);
  await other.close(COMPLETED, 9_000, never);
  expect(await steps()).toEqual(upTo(9));
});

test('a run that goes on after its end does so in a second archive, to be uploaded after the first', async () => {
  const first = await opened();
  await first.deliver(curve(3), never);
  await first.close(FAILED, 9_000, never);
  const again = await opened({ resumed: true });
  await again.deliver(curve(5), never);
  const { url, ids } = await again.close(COMPLETED, 12_000, never);
  expect(readdirSync(archives).sort()).toEqual([`${KEY}.zip`, `${KEY}_2.zip`]);
  expect(fileURLToPath(url!)).toBe(join(archives, `${KEY}_2.zip`));
  expect(ids['comet_sync_command']).toBe(`comet upload '${join(archives, `${KEY}.zip`)}' '${join(archives, `${KEY}_2.zip`)}'`);
  const { error, endedAt } = (await offlineExperiment(archives, KEY))!;
  expect({ error, endedAt, steps: await steps() }).toEqual({ error: null, endedAt: 12_000, steps: upTo(5) });
  expect(JSON.parse((await unzipped(fileURLToPath(url!))).get('experiment.json')!.toString())).toMatchObject({ resume_strategy: 'get' });
});

test.each([COMPLETED, FAILED])('a run that failed and went on is imported with its last end: %j', async (outcome) => {
  await (await opened()).close(FAILED, 9_000, never);
  await (await opened({ resumed: true })).close(outcome, 12_000, never);
  const { runs } = await importedFrom(archives);
  expect(runs.get('train')!.run.outcome).toEqual(outcome);
});

test('a run whose folder was taken away while it goes on is told, and is not said to have come to its end', async () => {
  const run = await opened();
  await run.deliver(curve(3), never);
  rmSync(join(archives, KEY), { recursive: true });
  const reason = expect.stringContaining(`${join(archives, KEY)} was taken away while its run went on`);
  await expect(run.deliver(curve(2, 3), never)).rejects.toMatchObject({ code: 'TRANSIENT', message: reason });
  await expect(run.close(COMPLETED, 9_000, never)).rejects.toMatchObject({ code: 'TRANSIENT', message: reason });
});

describe('when the config names another folder by now', () => {
  const start: TrackerRunStart = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1_000, settings: {} };

  /** As a process of its own does it that was told of the run, and of another folder. */
  async function movedTo(folder: string, known: TrackerRunRef, over: Partial<TrackerRunStart> = {}) {
    const warnings: string[] = [];
    const tracker = await trackerIn(root, { mode: 'offline', offlineDirectory: folder }, (message) => warnings.push(message));
    const run = await tracker.open({ key: KEY, runId: 'run-1', stepId: 'train', attempt: 1 }, { ...start, ...over }, known, never);
    return { run, warnings, tracker };
  }

  test('a run goes on where it is, and nothing is made in the other one', async () => {
    const first = await opened();
    await first.deliver(curve(3), never);
    const { run, warnings, tracker } = await movedTo('others', first.ref);
    await run.deliver(curve(5), never);
    expect(tracker.childEnv!(run.ref)['COMET_OFFLINE_DIRECTORY']).toBe(archives);
    const { url } = await run.close(COMPLETED, 9_000, never);
    expect(fileURLToPath(url!)).toBe(join(archives, `${KEY}.zip`));
    expect({ steps: await steps(), there: readdirSync(archives) }).toEqual({ steps: upTo(5), there: [`${KEY}.zip`] });
    expect([existsSync(join(root, 'others')), warnings]).toEqual([false, []]);
  });

  test('one that goes on after its end has its second archive beside the first', async () => {
    const ref = await (await opened()).close(FAILED, 9_000, never);
    const { run } = await movedTo('others', ref, { resumed: true });
    await run.deliver(curve(2), never);
    expect(fileURLToPath((await run.close(COMPLETED, 12_000, never)).url!)).toBe(join(archives, `${KEY}_2.zip`));
    expect(existsSync(join(root, 'others'))).toBe(false);
  });

  test('one that is gone begins anew there, and one line says so', async () => {
    const first = await opened();
    await first.deliver(curve(3), never);
    rmSync(archives, { recursive: true });
    const { run, warnings } = await movedTo('others', first.ref);
    await run.deliver(curve(2, 3), never);
    await run.close(COMPLETED, 9_000, never);
    expect(existsSync(join(root, 'others', `${KEY}.zip`))).toBe(true);
    const [was, is] = ['archives', 'others'].map((folder) => join(root, folder, `${KEY}.zip`));
    expect(warnings).toEqual([`train: the offline run of ${was} is gone: what was delivered to it is not in ${is}, which is begun anew`]);
  });

  test('one whose files were brought there goes on with them', async () => {
    const first = await opened();
    await first.deliver(curve(3), never);
    renameSync(archives, join(root, 'others'));
    const { run, warnings } = await movedTo('others', first.ref);
    await run.deliver(curve(5), never);
    await run.close(COMPLETED, 9_000, never);
    expect((await offlineExperiment(join(root, 'others'), KEY))!.points.map(({ step }) => step)).toEqual(upTo(5));
    expect(warnings).toEqual([]);
  });

  test('one that was online begins there, without a word', async () => {
    const { run, warnings } = await movedTo('others', { id: KEY, url: 'https://comet.mine/acme/demo', ids: {} });
    expect([run.ref.url, warnings]).toEqual([pathToFileURL(join(root, 'others', `${KEY}.zip`)).href, []]);
  });
});

test('what was set aside is taken when it is sent again, in a further archive, and what there is of it is there once', async () => {
  let isThere = false;
  const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
    if (!isThere) throw new ArtifactNotFound({ what: 'w.bin', where: 'the artifact store' });
    yield await Promise.resolve(Buffer.from('weights'));
  };
  const events: TrackerEvent[] = [
    { writer: 'w', seq: 1, at: 1, kind: 'metrics', values: { ['n'.repeat(101)]: 1, loss: 1 }, step: 0 },
    { writer: 'w', seq: 2, at: 2, kind: 'artifact', path: 'w.bin', uri: 'file:///w', sha256: 'x', size: 7 },
    { writer: 'w', seq: 3, at: 3, kind: 'metrics', values: { loss: 2 }, step: 1 },
  ];
  const run = await opened({ readArtifact });
  expect((await run.deliver(events, never)).rejected).toHaveLength(2);
  await run.close(COMPLETED, 9_000, never);
  const retried = async (): Promise<number[]> => {
    const again = await opened({ readArtifact, again: true });
    const { rejected = [] } = await again.deliver(events.slice(0, 2), never, true);
    await again.close(COMPLETED, 9_000, never);
    return rejected.map(({ seq }) => seq);
  };
  expect(await retried()).toEqual([1, 2]);
  expect(readdirSync(archives)).toEqual([`${KEY}.zip`]);
  isThere = true;
  expect(await retried()).toEqual([1]);
  expect((await offlineExperiment(archives, KEY))!.assets.map(({ bytes }) => bytes.toString())).toEqual(['weights']);
  expect(await steps()).toEqual([0, 1]);
});

describe('what was set aside, and was sent again by a process that ended before that was noted, is there once', () => {
  const setAside = (): TrackerEvent[] => curve(3).slice(0, 2);
  beforeEach(async () => {
    const run = await opened();
    await run.deliver(curve(4).slice(2), never);
    await run.close(COMPLETED, 9_000, never);
  });

  const ENDS: [when: string, end: (again: TrackerRun<CometRun>) => Promise<unknown>][] = [
    ['before it was in an archive', async () => undefined],
    ['before it was in an archive, which the next one made first', async () => (await opened()).close(COMPLETED, 9_000, never)],
    ['when it was in an archive', (again) => again.close(COMPLETED, 9_000, never)],
  ];
  test.each(ENDS)('%s', async (_when, end) => {
    const again = await opened({ again: true });
    // As core does after an answer that left some of them open.
    for (const event of setAside()) await again.deliver([event], never);
    await end(again);
    const next = await opened({ again: true });
    expect((await next.deliver(setAside(), never)).through).toEqual({ w: 2 });
    await next.close(COMPLETED, 9_000, never);
    expect((await steps()).sort()).toEqual(upTo(4));
  });

  test('and what is kept of it fits into an archive, however much it was', async () => {
    const again = await opened({ again: true });
    const odd = curve(20_000, 10).filter((_, at) => at % 2 === 0);
    for (let at = 0; at < odd.length; at += 1_000) await again.deliver(odd.slice(at, at + 1_000), never);
    await again.close({ status: 'failed', error: { name: 'E', message: '\u2192'.repeat(8_000) } }, 9_000, never);
    const next = await opened({ again: true });
    await next.deliver(odd.slice(-1_000), never);
    await next.close(COMPLETED, 9_000, never);
    expect(await steps()).toHaveLength(2 + odd.length);
  });
});

test('what was set aside fits into a further archive when it is sent again, also of several writers, of a run that failed with a long error', async () => {
  const message = '\u2192'.repeat(7_900);
  await (await opened()).close({ status: 'failed', error: { name: 'E', message } }, 9_000, never);
  const writers = ['1', '2'].map((end) => `0198c0de-0000-7000-8000-00000000000${end}`);
  const events = curve(1_000, 10_000).map((event, at) => ({ ...event, writer: writers[at % 2]! }));
  for (let times = 0; times < 2; times++) {
    const again = await opened({ again: true });
    await again.deliver(events, never);
    await again.close(COMPLETED, 9_000, never);
  }
  const { points, error } = (await offlineExperiment(archives, KEY))!;
  expect([points.length, error?.length]).toEqual([events.length, message.length + 3]);
});

test('a file that cannot be read now is asked for again, and what came before it is confirmed', async () => {
  let fails = true;
  const run = await opened({
    async *readArtifact() {
      if (fails) throw new Error('the store is away');
      yield Buffer.from('weights');
    },
  });
  const artifact: LoggedEvent = { kind: 'artifact', path: 'a/w.bin', uri: 'file:///w', sha256: 'x', size: 7 };
  const events = [...curve(2), { writer: 'w', seq: 3, at: 5, ...artifact }];
  expect((await run.deliver(events, never)).through).toEqual({ w: 2 });
  await expect(run.deliver(events.slice(2), never)).rejects.toMatchObject({ code: 'TRANSIENT' });
  fails = false;
  expect((await run.deliver(events.slice(2), never)).through).toEqual({ w: 3 });
  await run.close(COMPLETED, 9_000, never);
  expect((await offlineExperiment(archives, KEY))!.assets.map(({ fileName, bytes }) => [fileName, bytes.toString()])).toEqual([
    ['a/w.bin', 'weights'],
  ]);
});

test('a file that cannot be put into the archive ends no process: the end is tried again, and then it has it', async () => {
  const run = await opened({
    async *readArtifact() {
      yield await Promise.resolve(Buffer.from('weights'));
    },
  });
  await run.deliver([{ writer: 'w', seq: 1, at: 5, kind: 'artifact', path: 'w.bin', uri: 'file:///w', sha256: 'x', size: 7 }], never);
  const assets = join(archives, KEY, 'assets');
  const [name] = readdirSync(assets);
  renameSync(join(assets, name!), join(root, 'away'));
  symlinkSync(join(root, 'nowhere'), join(assets, name!));
  await expect(run.close(COMPLETED, 9_000, never)).rejects.toMatchObject({ code: 'TRANSIENT', message: expect.stringContaining('ENOENT') });
  renameSync(join(root, 'away'), join(assets, name!));
  await run.close(COMPLETED, 9_000, never);
  expect((await offlineExperiment(archives, KEY))!.assets.map(({ bytes }) => bytes.toString())).toEqual(['weights']);
});

test('where its files or its archives cannot be listed it is not taken for one that has none', async () => {
  await (await opened()).deliver(curve(2), never);
  writeFileSync(join(archives, KEY, 'assets'), 'no folder');
  await expect((await opened()).close(COMPLETED, 9_000, never)).rejects.toMatchObject({ message: expect.stringContaining('ENOTDIR') });
  expect(existsSync(join(archives, KEY, 'messages.log'))).toBe(true);
  await expect(new RunFiles(join(archives, KEY, 'assets'), KEY).parts()).rejects.toMatchObject({ code: 'ENOTDIR' });
  expect(await new RunFiles(join(root, 'nowhere'), KEY).parts()).toBe(0);
});

test('an error of any length comes to its end, and is told whole', async () => {
  const message = 'p\u00e9cision \u2192 '.repeat(5_000);
  await (await opened()).close({ status: 'failed', error: { name: 'E', message } }, 9_000, never);
  expect((await offlineExperiment(archives, KEY))!.error).toBe(`E: ${message}`);
});

test('a folder that cannot be is told with what to do', async () => {
  writeFileSync(archives, 'a file');
  await expect(opened()).rejects.toMatchObject({
    ...{ code: 'PERMANENT', message: expect.stringContaining(`cannot write offline runs to ${archives} (EEXIST): `) },
  });
});

test.each(['check', 'open'] as const)('a folder that can be made nowhere is told at once by %s(), in one line, for good', async (call) => {
  const tracker = await trackerIn(root, { mode: 'offline', offlineDirectory: '/proc/nowhere/archives' });
  const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1_000, settings: {} };
  const work = call === 'check' ? tracker.check!(never) : tracker.open({ key: KEY, runId: 'run-1', attempt: 1 }, start, undefined, never);
  await expect(work).rejects.toMatchObject({
    ...{
      code: 'PERMANENT',
      message: expect.stringMatching(/^cannot write offline runs to \/proc\/nowhere\/archives .*another offlineDirectory$/),
    },
  });
});

test('10,000 rows are an archive that has each of them', async () => {
  const run = await opened();
  const events = curve(10_000);
  for (let at = 0; at < events.length; at += 1_000) await run.deliver(events.slice(at, at + 1_000), never);
  await run.close(COMPLETED, 9_000, never);
  expect(await steps()).toHaveLength(10_000);
});

test('the environment names the run of a pipeline, and tags every run', async () => {
  const variables = { COMET_START_EXPERIMENT_NAME: 'nightly 7', COMET_START_EXPERIMENT_TAGS: 'a,b' };
  Object.assign(process.env, variables);
  try {
    const tracker = await trackerIn(root, { mode: 'offline', offlineDirectory: 'archives' });
    const start = { name: 'train', experiment: 'demo', group: 'g', tags: {}, startedAt: 1_000, settings: { labels: ['mine'] } };
    const [of, ofStep] = [
      { key: KEY, runId: 'run-1', attempt: 1 },
      { key: KEY.replace('0', 'f'), runId: 'run-1', stepId: 'train', attempt: 1 },
    ];
    for (const id of [of, ofStep]) await (await tracker.open(id, start, undefined, never)).close(COMPLETED, 9_000, never);
    const [run, step] = await Promise.all([of, ofStep].map(({ key }) => offlineExperiment(archives, key)));
    expect([run!.others.get('Name'), step!.others.get('Name')]).toEqual(['nightly 7', 'train']);
    expect([[...run!.tags], [...step!.tags]]).toEqual([
      ['g', 'mine', 'a', 'b'],
      ['g', 'mine', 'a', 'b'],
    ]);
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
});
