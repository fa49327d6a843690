import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ArtifactNotFound, isError, Permanent, Transient, type LoggedEvent, type ReadArtifact } from '@mortise/core';

import { loggedScenario } from '../testing/logged-scenario.ts';
import { offlineRun } from '../testing/offline-run.ts';
import { curve, eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tracker = (offlineDirectory = folder) => trackerAt({ mode: 'offline', offlineDirectory });

test('lies where the Python client would have it, and says how it is sent', async () => {
  const identity = newIdentity();
  const { ref } = await (await tracker(join(folder, 'a b'))).open(identity, startOf(), undefined, never);
  const path = join(folder, 'a b', `acme_wine_${identity.key}_0`, 'run_operations.sqlite3');
  expect(ref).toEqual({
    id: identity.key,
    url: pathToFileURL(path).href,
    ids: {
      neptune_run_id: identity.key,
      neptune_project: 'acme/wine',
      neptune_operations_file: path,
      neptune_sync_command: `neptune sync '${path}'`,
    },
  });
  expect(existsSync(path)).toBe(true);
});

test('the command that sends it names its file for a shell, whatever it is called', async () => {
  const { ref } = await (await tracker(join(folder, "it's `id` $HOME \\n !"))).open(newIdentity(), startOf(), undefined, never);
  const { neptune_sync_command: command, neptune_operations_file: path } = ref.ids;
  expect(execFileSync('sh', ['-c', command!.replace('neptune sync', "printf '%s'")]).toString()).toBe(path);
});

test('refuses a file of another size than was said, which would not be taken with it', async () => {
  const readArtifact: ReadArtifact = async function* () {
    yield await Promise.resolve(Buffer.from('12345'));
  };
  const run = await (await tracker()).open(newIdentity(), startOf({ readArtifact }), undefined, never);
  const logged = [4, 6].map((size): LoggedEvent => ({ kind: 'artifact', path: `${size}.bin`, uri: 'test:', sha256: '', size }));
  const { rejected, ref } = await run.deliver(eventsOf([...logged, ...curve('loss', 3)]), never);
  expect(rejected?.map(({ seq, why }) => `${seq} ${why}`)).toEqual([
    expect.stringMatching(/^1 "4.bin": .*another size than the 4 bytes/),
    expect.stringMatching(/^2 "6.bin": .*another size than the 6 bytes/),
  ]);
  using database = new DatabaseSync(ref.ids['neptune_operations_file']!);
  expect(database.prepare('SELECT size_bytes FROM file_upload_requests').all()).toEqual([]);
  expect(readdirSync(dirname(ref.ids['neptune_operations_file']!)).filter((name) => name.includes('.bin'))).toEqual([]);
});

test('takes what was set aside when it is sent again, though what came after it had arrived', async () => {
  let isThere = false;
  const readArtifact: ReadArtifact = async function* () {
    if (!isThere) throw new ArtifactNotFound({ what: 'w.bin', where: 'the artifact store' });
    yield await Promise.resolve(Buffer.from('12345'));
  };
  const identity = newIdentity();
  const events = eventsOf([{ kind: 'artifact', path: 'w.bin', uri: 'test:', sha256: '', size: 5 }, ...curve('loss', 3)]);
  const run = await (await tracker()).open(identity, startOf({ readArtifact }), undefined, never);
  expect((await run.deliver(events, never)).rejected).toHaveLength(1);
  const known = await run.close({ status: 'completed' }, Date.now(), never);
  isThere = true;
  const again = await (await tracker()).open(identity, startOf({ readArtifact, again: true }), known, never);
  expect(await again.deliver(events.slice(0, 1), never)).not.toHaveProperty('rejected');
  await again.close({ status: 'completed' }, Date.now(), never);
  using database = new DatabaseSync(known.ids['neptune_operations_file']!);
  expect(database.prepare('SELECT size_bytes FROM file_upload_requests').all()).toEqual([{ size_bytes: 5 }]);
});

test('has the tables, the version and the journal of neptune-scale 0.30.0', async () => {
  const { ref } = await (await tracker()).open(newIdentity(), startOf(), undefined, never);
  using database = new DatabaseSync(ref.ids['neptune_operations_file']!);
  const columns = (table: string) =>
    database
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name, type }) => `${String(name)} ${String(type)}`);
  expect(columns('run_operations')).toEqual([
    'sequence_id INTEGER',
    'timestamp INTEGER',
    'operation_type INTEGER',
    'operation BLOB',
    'operation_size_bytes INTEGER',
  ]);
  expect(columns('file_upload_requests').map((column) => column.split(' ')[0])).toEqual([
    ...['id', 'source_path', 'destination', 'mime_type', 'size_bytes', 'is_temporary'],
  ]);
  expect(database.prepare('SELECT version, project, run_id FROM metadata').all()).toEqual([
    expect.objectContaining({ version: 'v5', project: 'acme/wine', run_id: ref.id }),
  ]);
  expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  const first = database.prepare('SELECT operation_type, operation, operation_size_bytes AS size FROM run_operations LIMIT 1').get()!;
  expect([first['operation_type'], first['size']]).toEqual([1, (first['operation'] as Uint8Array).length]);
});

test('what a receipt confirms is there for another process, without a close', async () => {
  const run = await (await tracker()).open(newIdentity(), startOf(), undefined, never);
  await run.deliver(eventsOf(curve('loss', 10)), never);
  expect(offlineRun(run.ref.ids['neptune_operations_file']!).run.series.get('metrics/loss')!.length).toBe(10);
});

test('two processes that take turns leave each event once, and each knows the steps and tags of the other', async () => {
  const [identity, start] = [newIdentity(), startOf()];
  const one = await (await tracker()).open(identity, start, undefined, never);
  const other = await (await tracker()).open(identity, start, undefined, never);
  const events = eventsOf(curve('loss', 30));
  for (let at = 0; at < 30; at += 5) await (at % 10 === 0 ? one : other).deliver(events.slice(0, at + 5), never);
  await one.deliver(eventsOf([{ kind: 'tags', set: { team: 'blue' } }], 31), never);
  await other.deliver(eventsOf([{ kind: 'tags', set: { team: 'green' } }], 32), never);
  const late: LoggedEvent = { kind: 'metrics', values: { loss: 0 }, step: 7 };
  const { rejected } = await one.deliver(eventsOf([late], 33), never);
  expect(rejected).toEqual([{ writer: 'w', seq: 33, why: expect.stringContaining('step 7 after step 29') }]);
  const { run } = offlineRun(one.ref.ids['neptune_operations_file']!);
  expect(run.series.get('metrics/loss')!.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect([...run.sets.get('sys/tags')!]).toEqual(['team:green']);
});

test('a file that was sent and taken away in the middle of a run is made anew', async () => {
  const run = await (await tracker()).open(newIdentity(), startOf(), undefined, never);
  const path = run.ref.ids['neptune_operations_file']!;
  await run.deliver(eventsOf(curve('loss', 3)), never);
  for (const ending of ['', '-wal', '-shm']) unlinkSync(`${path}${ending}`);
  await run.deliver(eventsOf(curve('acc', 4), 4), never);
  await run.close({ status: 'completed' }, Date.now(), never);
  const { run: kept } = offlineRun(path);
  expect([kept.series.get('metrics/acc')!.length, kept.fields.get('status')!.value]).toEqual([4, 'completed']);
});

test.each(['the same', 'another'])(
  'what a run prints comes behind what was sent already when its file was taken away, where %s process goes on, as Neptune refuses points that are there',
  async (who) => {
    const [identity, start] = [newIdentity(), startOf()];
    const run = await (await tracker()).open(identity, start, undefined, never);
    const path = run.ref.ids['neptune_operations_file']!;
    const lines = eventsOf(['one', 'two', 'three', 'four'].map((text): LoggedEvent => ({ kind: 'log', stream: 'out', text })));
    const stepsThere = (): number[] =>
      offlineRun(path)
        .run.series.get('logs/stdout')!
        .map(({ step }) => step);
    const { ref } = await run.deliver(lines.slice(0, 3), never);
    const sent = stepsThere();
    for (const ending of ['', '-wal', '-shm']) unlinkSync(`${path}${ending}`);
    const next = who === 'the same' ? run : await (await tracker()).open(identity, start, ref, never);
    await next.deliver(who === 'the same' ? lines : lines.slice(3), never);
    const [step, ...others] = stepsThere();
    expect([sent.length, others]).toEqual([3, []]);
    expect(step).toBeGreaterThan(sent.at(-1)!);
  },
);

test('a run goes on where it is, also when the config names another folder; and in that one when it is gone', async () => {
  const [identity, start] = [newIdentity(), startOf()];
  const first = await (await tracker(join(folder, 'one'))).open(identity, start, undefined, never);
  const there = await (await tracker(join(folder, 'two'))).open(identity, start, first.ref, never);
  expect(there.ref).toEqual(first.ref);
  rmSync(join(folder, 'one'), { recursive: true });
  const { ref } = await (await tracker(join(folder, 'two'))).open(identity, start, first.ref, never);
  expect(ref.ids['neptune_operations_file']).toContain(join(folder, 'two'));
});

describe('files of a run', () => {
  test('are copied beside it, once however often they come', async () => {
    const logged = eventsOf(loggedScenario(folder));
    const [identity, start] = [newIdentity(), startOf()];
    const run = await (await tracker()).open(identity, start, undefined, never);
    await run.deliver(logged, never);
    await run.deliver(logged, never);
    // What a process does that died before anybody noted its receipt.
    await (await (await tracker()).open(identity, start, undefined, never)).deliver(logged, never);
    await run.close({ status: 'completed' }, Date.now(), never);
    const path = run.ref.ids['neptune_operations_file']!;
    const { files } = offlineRun(path);
    expect([...files.values()].map(String).sort()).toEqual(['the weights', '{"rows":[[1,2]]}']);
    expect(readdirSync(dirname(path)).filter((name) => !name.startsWith('run_operations'))).toHaveLength(2);
  });

  test('are there alone when they come again after a process that was killed as it copied them', async () => {
    const [identity, events] = [newIdentity(), eventsOf([{ kind: 'artifact', path: 'a.bin', uri: 'x:', sha256: '', size: 8 }])];
    const isHalf = Promise.withResolvers<void>();
    const readHalf: ReadArtifact = async function* () {
      yield Buffer.from('half');
      isHalf.resolve();
      await new Promise(() => undefined);
    };
    const killed = await (await tracker()).open(identity, startOf({ readArtifact: readHalf }), undefined, never);
    void killed.deliver(events, never);
    await isHalf.promise;
    const readArtifact: ReadArtifact = async function* () {
      yield await Promise.resolve(Buffer.from('half two'));
    };
    const run = await (await tracker()).open(identity, startOf({ readArtifact }), undefined, never);
    await run.deliver(events, never);
    const path = run.ref.ids['neptune_operations_file']!;
    expect([...offlineRun(path).files.values()].map(String)).toEqual(['half two']);
    expect(readdirSync(dirname(path)).filter((name) => name.includes('.bin'))).toHaveLength(1);
  });

  test('whose store fails in the middle come later, and what was before them is safe', async () => {
    let fails = true;
    const readArtifact = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      if (fails) throw new Error('the store is away');
    };
    const run = await (await tracker()).open(newIdentity(), startOf({ readArtifact }), undefined, never);
    const events = eventsOf([...curve('loss', 2), { kind: 'artifact', path: 'a.bin', uri: 'x:', sha256: '', size: 4 }]);
    expect((await run.deliver(events, never)).through).toEqual({ w: 2 });
    expect(isError(await run.deliver(events.slice(2), never).catch((error: unknown) => error), Transient)).toBe(true);
    fails = false;
    expect((await run.deliver(events.slice(2), never)).through).toEqual({ w: 3 });
    const { files } = offlineRun(run.ref.ids['neptune_operations_file']!);
    expect([...files.values()].map(String)).toEqual(['half']);
    expect(readdirSync(dirname(run.ref.ids['neptune_operations_file']!)).filter((name) => name.includes('.bin.'))).toEqual([]);
  });
});

test('a file that another process holds is tried again later', async () => {
  const run = await (await tracker()).open(newIdentity(), startOf(), undefined, never);
  using other = new DatabaseSync(run.ref.ids['neptune_operations_file']!);
  other.exec('BEGIN IMMEDIATE');
  const error: unknown = await run.deliver(eventsOf(curve('loss', 3)), never).catch((thrown: unknown) => thrown);
  expect(isError(error, Transient) && error.message).toMatch(/cannot be written: database is locked/);
  other.exec('ROLLBACK');
  expect((await run.deliver(eventsOf(curve('loss', 3)), never)).through).toEqual({ w: 3 });
});

test('a folder that is none is told by the check', async () => {
  mkdirSync(join(folder, 'x'));
  writeFileSync(join(folder, 'file'), '');
  const error: unknown = await (await tracker(join(folder, 'file'))).check(never).catch((thrown: unknown) => thrown);
  expect(isError(error, Permanent) && error.message).toMatch(/cannot be made \(EEXIST\): .*offlineDirectory$/);
  await (await tracker(join(folder, 'x'))).check(never);
});

test('10,000 single points are in a closed file, each of them', async () => {
  const events = eventsOf(curve('loss', 10_000));
  const run = await (await tracker()).open(newIdentity(), startOf(), undefined, never);
  for (let at = 0; at < events.length; at += 1_000) await run.deliver(events.slice(at, at + 1_000), never);
  await run.close({ status: 'completed' }, Date.now(), never);
  expect(offlineRun(run.ref.ids['neptune_operations_file']!).run.series.get('metrics/loss')!.length).toBe(10_000);
});

test.each(['check', 'open'] as const)('a folder that can be made nowhere is told at once by %s(), in one line, for good', async (call) => {
  const nowhere = await tracker('/proc/nowhere/runs');
  const work = call === 'check' ? nowhere.check(never) : nowhere.open(newIdentity(), startOf(), undefined, never);
  await expect(work).rejects.toMatchObject({
    ...{
      code: 'PERMANENT',
      message: expect.stringMatching(/^the folder \/proc\/nowhere\/runs\S* cannot be made \(ENOENT\): .*another offlineDirectory$/),
    },
  });
});
