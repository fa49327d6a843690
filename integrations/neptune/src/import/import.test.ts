import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ImportFailed, isError, type LoggedEvent, type Outcome } from '@mortise/core';

import { loggedScenario, LONG_TEXT } from '../testing/logged-scenario.ts';
import { take } from '../testing/taken-runs.ts';
import { curve, eventsOf, never, newIdentity, startOf, trackerAt } from '../testing/tracker-at.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-neptune-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const FAILED: Outcome = {
  status: 'failed',
  error: { name: 'TypeError', message: 'no wine left', stack: 'TypeError: no wine left\n    at train' },
};

/** Gives its file. */
async function logged(events: LoggedEvent[], outcome?: Outcome): Promise<string> {
  const tracker = await trackerAt({ mode: 'offline', offlineDirectory: join(folder, '.neptune') });
  const start = startOf({ user: 'ann', startedAt: 1_795_218_192_734, source: { command: ['node', 'train.js'], commit: 'ab12' } });
  const run = await tracker.open(newIdentity(), start, undefined, never);
  await run.deliver(eventsOf(events), never);
  if (outcome !== undefined) await run.close(outcome, 1_795_218_292_734, never);
  await tracker[Symbol.asyncDispose]();
  return run.ref.ids['neptune_operations_file']!;
}

describe('a run that Mortise kept offline', () => {
  test('comes back as it was logged', async () => {
    const events = loggedScenario(folder);
    await logged(events, FAILED);
    const { runs, warnings } = await take(folder);
    expect(warnings).toEqual([]);
    const [{ run, state, files }] = runs as [(typeof runs)[0]];
    expect(run).toMatchObject({
      name: 'train',
      experiment: 'wine',
      group: 'wine-1',
      user: 'ann',
      startedAt: 1_795_218_192_734,
      endedAt: 1_795_218_292_734,
    });
    expect(run.outcome).toEqual(FAILED);
    expect(run.id).toMatch(/^acme\/wine\/\w{32}$/);
    expect(state).toMatchObject({
      params: {
        lr: 0.01,
        n: 3,
        flag: true,
        opt: 'adam',
        none: '',
        layers: '[1,2]',
        'model/depth': 3,
        'model/größe/x/y': 'ü🍷',
        long: LONG_TEXT,
      },
      tags: { team: 'red', baseline: 'true', größe: 'ü🍷' },
      note: '# 損失\n\nlow',
      documents: ['matrix'],
      datasets: ['wine'],
      logs: [
        { stream: 'out', text: 'a line' },
        { stream: 'out', text: 'another\nof two' },
        { stream: 'err', text: 'oh' },
      ],
    });
    expect(Object.keys(state.params).length).toBe(9);
    const logs = events.flatMap((event) => (event.kind === 'metrics' ? Object.keys(event.values) : []));
    expect(state.metrics.map(({ name }) => name).sort()).toEqual(logs.sort());
    expect(state.metrics).toContainEqual({ name: 'loss', step: 4.5, value: 0.125 });
    expect(state.metrics).toContainEqual({ name: 'nan', step: 0, value: NaN });
    expect(files).toEqual({ 'models/weights.bin': 'the weights' });
  });

  test('a file that its client did not copy, and that is another one now, is told of and not taken over', async () => {
    const path = await logged(loggedScenario(folder));
    const far = join(folder, 'far.bin');
    {
      using database = new DatabaseSync(path);
      const { source } = database
        .prepare("SELECT source_path AS source FROM file_upload_requests WHERE destination LIKE '%weights%'")
        .get()!;
      renameSync(String(source), far);
      database.prepare("UPDATE file_upload_requests SET source_path = ? WHERE destination LIKE '%weights%'").run(far);
    }
    expect((await take(folder)).runs[0]!.files).toEqual({ 'models/weights.bin': 'the weights' });
    writeFileSync(far, 'a password of somebody');
    const { runs, warnings } = await take(folder);
    expect(runs[0]!.files).toEqual({});
    expect(warnings).toEqual(['the file "artifacts/models/weights.bin" is not taken over: it is another one now than when it was logged']);
  });

  test('a copy of its file, an older one too, is told of, and nothing is there twice', async () => {
    const file = await logged(curve('loss', 3));
    const backup = join(folder, 'backup');
    cpSync(dirname(file), join(backup, 'one'), { recursive: true });
    const added = new DatabaseSync(file);
    added.exec(`INSERT INTO run_operations (timestamp, operation_type, operation, operation_size_bytes)
      SELECT timestamp + 1, operation_type, operation, operation_size_bytes FROM run_operations ORDER BY sequence_id DESC LIMIT 1`);
    added.close();
    cpSync(dirname(file), join(backup, 'two'), { recursive: true });
    const { runs, warnings } = await take(folder);
    const whole = await take(join(backup, 'two'));
    expect(runs.map(({ events }) => events.length)).toEqual(whole.runs.map(({ events }) => events.length));
    expect(warnings.sort()).toEqual([
      expect.stringMatching(/one\/run_operations\.sqlite3 is a copy of .*run_operations\.sqlite3, and is left out$/),
      expect.stringMatching(/two\/run_operations\.sqlite3 is a copy of .*run_operations\.sqlite3, and is left out$/),
    ]);
  });

  test('that has not ended says so', async () => {
    await logged(curve('loss', 3));
    const { runs } = await take(folder);
    expect(runs[0]!.run.outcome).toBeUndefined();
    expect(runs[0]!.state.metrics.length).toBe(3);
  });

  test.each<Outcome>([
    { status: 'completed' },
    { status: 'killed', reason: 'SIGINT' },
    { status: 'cached', source: { runId: 'pr-0', url: 'https://x.test/1' } },
  ])('ended as $status', async (outcome) => {
    await logged([], outcome);
    expect((await take(folder)).runs[0]!.run.outcome).toEqual(outcome);
  });

  test('has its tags as they were at last', async () => {
    await logged([
      { kind: 'tags', set: { a: '1', b: '2', c: 'true' } },
      { kind: 'tags', set: { a: '3' }, remove: ['c', 'team'] },
    ]);
    expect((await take(folder)).runs[0]!.state.tags).toEqual({ a: '3', b: '2' });
  });

  test('may have been moved, with its files', async () => {
    const path = await logged(loggedScenario(folder), { status: 'completed' });
    renameSync(dirname(path), join(folder, 'moved'));
    const { runs, warnings } = await take(join(folder, 'moved', 'run_operations.sqlite3'));
    expect(warnings).toEqual([]);
    expect(runs[0]!.files).toEqual({ 'models/weights.bin': 'the weights' });
  });

  test('of whose files one is gone says so, and has the rest', async () => {
    const path = await logged(loggedScenario(folder), { status: 'completed' });
    const database = new DatabaseSync(path);
    const { source } = database.prepare("SELECT source_path AS source FROM file_upload_requests WHERE destination LIKE '%weights%'").get()!;
    database.close();
    unlinkSync(String(source));
    const { runs, warnings } = await take(folder);
    expect(warnings).toEqual([expect.stringMatching(/^the file "artifacts\/models\/weights.bin" is not taken over: it is not there$/)]);
    expect(runs[0]!.state.documents).toEqual(['matrix']);
  });
});

test('twenty-one runs with 101,000 points come whole, in an order that stays', async () => {
  for (let n = 0; n < 20; n++) await logged(curve('loss', 50), { status: 'completed' });
  await logged(
    Array.from({ length: 100 }, (_, step) => ({
      kind: 'metrics',
      values: Object.fromEntries(Array.from({ length: 1_000 }, (__, i) => [`m${i}`, i])),
      step,
    })),
  );
  const [once, again] = [await take(folder), await take(folder)];
  expect(once.runs.map(({ run }) => run.id)).toEqual(again.runs.map(({ run }) => run.id));
  expect(once.runs.reduce((sum, { state }) => sum + state.metrics.length, 0)).toBe(101_000);
});

describe('what cannot be read', () => {
  const failure = async (from: string): Promise<string> => {
    const error: unknown = await take(from).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(isError(error, ImportFailed)).toBe(true);
    return (error as Error).message;
  };

  test('is told: nothing there', async () => {
    expect(await failure(join(folder, 'nowhere'))).toMatch(/nothing was imported from .*nowhere: there is no such file or folder$/);
    mkdirSync(join(folder, 'empty'));
    expect(await failure(join(folder, 'empty'))).toContain('there is no run of Neptune in it');
  });

  test('is told: another file of this name, or of another version; what is sound beside it is taken', async () => {
    await logged(curve('loss', 3), { status: 'completed' });
    mkdirSync(join(folder, 'other'));
    writeFileSync(
      join(folder, 'other', 'run_operations.sqlite3'),
      'no database at all, but a text that is long enough to be taken for one',
    );
    const path = await logged([], { status: 'completed' });
    const database = new DatabaseSync(path);
    database.exec("UPDATE metadata SET version = 'v9'");
    database.close();
    const { runs, warnings } = await take(folder);
    expect(warnings).toEqual([]);
    const unreadable = runs.map(({ run }) => run.unreadable && `${run.name}: ${run.unreadable}`);
    expect(unreadable.sort()).toEqual([
      expect.stringMatching(/version v9, only v5 is known/),
      expect.stringMatching(/other.*not a database/),
      undefined,
    ]);
  });

  test('is told: what is no Parquet file', async () => {
    writeFileSync(join(folder, 'run_part_0.parquet'), 'no such file');
    const { runs } = await take(folder);
    expect(runs.map(({ run }) => [run.name, run.unreadable])).toEqual([
      [join(folder, 'run_part_0.parquet'), 'it is no Parquet file, or its end is missing'],
    ]);
  });
});
