import { describe, expect, test } from '@jest/globals';
import { OfflineRun, readTransactionLog } from '@mortise/wandb-client';
import { cp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { all, newDir, ofKind, optionsIn, rowOf, STARTED, take, takeOne, textFile } from '../testing/imported-runs.ts';

/** Where a log says that the files of its artifacts are, by their paths. */
async function copiesOf(log: string): Promise<Record<string, string>> {
  const records = await all(readTransactionLog(log));
  const entries = records.flatMap((record) => (record.kind === 'artifact' ? record.artifact.entries : []));
  return Object.fromEntries(entries.map(({ path, localPath = '' }) => [path, localPath]));
}

describe('the import of runs that W&B keeps on disk', () => {
  test('takes over how a run is called, where it belongs, its config and how it ended', async () => {
    const dir = await newDir();
    const config = { lr: 0.1, opt: { betas: [0.9, 0.99] }, _wandb: { t: {} } };
    const about = { displayName: 'first run', group: 'g', jobType: 'train', notes: '# note', tags: ['plain', 'team:red:blue'] };
    const run = await OfflineRun.open(optionsIn(dir, { ...about, config }));
    run.config({ epochs: 3, lr: 0.2 });
    await run.exit(0, 12);
    const { run: taken, events, warnings } = await takeOne(dir);
    expect(taken).toMatchObject({
      id: 'wine/r1',
      name: 'first run',
      experiment: 'wine',
      group: 'g',
      startedAt: STARTED,
      endedAt: STARTED + 12_000,
      client: '@mortise/wandb-client',
    });
    expect(taken.outcome).toEqual({ status: 'completed' });
    expect(events).toEqual([
      { kind: 'params', at: STARTED, values: { lr: 0.2, opt: { betas: [0.9, 0.99] }, epochs: 3 } },
      { kind: 'tags', at: STARTED, set: { job_type: 'train', plain: 'true', team: 'red:blue' } },
      { kind: 'note', at: STARTED, markdown: '# note' },
    ]);
    expect(warnings).toEqual([]);
  });

  test('takes over every tag, also of several that begin with the same word', async () => {
    const dir = await newDir();
    const tags = ['data:a', 'data:b', 'gpu', 'gpu:8', 'team:red', 'job_type:x'];
    await (await OfflineRun.open(optionsIn(dir, { tags, jobType: 'train' }))).exit(0, 1);
    const { events } = await takeOne(dir);
    const whole = Object.fromEntries(['data:a', 'data:b', 'gpu', 'gpu:8', 'job_type:x'].map((tag) => [tag, 'true']));
    expect(ofKind(events, 'tags').map(({ set }) => set)).toEqual([{ job_type: 'train', ...whole, team: 'red' }]);
  });

  test('takes over integers of the config that no number of JavaScript has, as all their digits', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(
      optionsIn(dir, { config: { seed: 2n ** 63n - 1n, near: 2 ** 53 - 1, large: 1e22, text: '12345678901234567890' } }),
    );
    run.config({ opt: { seeds: [12345678901234567890n, 1] } });
    run.summary({ total: 12345678901234567890n, deep: { n: 2n ** 63n } });
    await run.exit(0, 1);
    const { events } = await takeOne(dir);
    const [params] = ofKind(events, 'params');
    // Core keeps them as texts.
    expect(params!.values).toEqual({
      ...{ seed: 2n ** 63n - 1n, near: 2 ** 53 - 1, large: 1e22, text: '12345678901234567890' },
      opt: { seeds: [12345678901234567890n, 1] },
    });
    expect(ofKind(events, 'metrics')).toMatchObject([{ values: { total: 12345678901234567890, 'deep.n': 2 ** 63 } }]);
  });

  test('takes over every number of every row, NaN and infinities too, and says of each other name, and of which run, that it does not', async () => {
    const dir = await newDir();
    for (const id of ['r1', 'r2']) {
      const run = await OfflineRun.open(optionsIn(dir, { id }));
      run.history([
        rowOf(0, { loss: NaN, 'val/acc': Infinity, nested: { a: { b: 1 } }, text: 'a', list: [1], gone: null }),
        rowOf(5, { loss: -0.5, text: 'b', yes: true, table: { _type: 'table-file', path: 'media/t.json' } }),
        rowOf(6, { text: 'only' }),
      ]);
      await run.exit(0, 7);
    }
    const { runs, warnings } = await take(dir);
    expect(runs.map(({ run }) => run.id)).toEqual(['wine/r1', 'wine/r2']);
    for (const { events } of runs) {
      expect(ofKind(events, 'metrics')).toEqual([
        { kind: 'metrics', at: STARTED, step: 0, values: { loss: NaN, 'val/acc': Infinity, 'nested.a.b': 1 } },
        { kind: 'metrics', at: STARTED + 5_000, step: 5, values: { loss: -0.5 } },
      ]);
    }
    expect(warnings).toEqual(
      ['r1', 'r2'].flatMap((name) => [
        `${name}: "text" of its history is not taken over: it is text`,
        `${name}: "list" of its history is not taken over: it is a list`,
        `${name}: "yes" of its history is not taken over: it is a boolean`,
        `${name}: "table" of its history is not taken over: it is a table-file, of which only the file is`,
      ]),
    );
  });

  test('says which metrics have another value in the summary than at the end of their history, as who sets one there means', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.defineMetric({ name: 'f1', summary: ['max'] });
    run.history([rowOf(0, { acc: 0.75, loss: NaN, f1: 2, deep: { a: 1 } }), rowOf(1, { acc: 0.5, loss: NaN, f1: 1, deep: { a: 2 } })]);
    run.summary({ acc: 0.75 });
    await run.exit(0, 2);
    const { events, warnings } = await takeOne(dir);
    expect(ofKind(events, 'metrics').map(({ step, values }) => [step, values['acc']])).toEqual([
      [0, 0.75],
      [1, 0.5],
    ]);
    expect(warnings).toEqual(['r1: "acc" of its summary is not taken over: it is another value than the last one of its history']);
  });

  test('takes over what stands in the summary alone, and how metrics are defined, also by a pattern', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.defineMetric({ name: 'val/*', summary: ['min'], stepMetric: 'epoch' });
    run.defineMetric({ name: 'loss', summary: ['last', 'max'], goal: 'minimize' });
    run.history([rowOf(0, { loss: 1, 'val/acc': 2 }), rowOf(3, { loss: 2, 'val/acc': 1 })]);
    run.summary({ best: 0.25, deep: { x: 1 }, label: 'good' });
    await run.exit(0, 4);
    const { events, warnings } = await takeOne(dir);
    const at = STARTED + 3_000;
    expect(ofKind(events, 'define-metric')).toEqual([
      { kind: 'define-metric', at: STARTED, name: 'loss', summary: 'max', goal: 'minimize' },
      { kind: 'define-metric', at: STARTED, name: 'val/acc', summary: 'min', stepMetric: 'epoch' },
    ]);
    expect(ofKind(events, 'metrics').at(-1)).toEqual({ kind: 'metrics', at, step: 3, values: { best: 0.25, 'deep.x': 1 } });
    expect(warnings).toEqual(['r1: "label" of its summary is not taken over: it is text']);
  });

  test('takes over the console line by line, files, and artifacts’ files', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    run.output([
      { stream: 'out', text: 'one', at: STARTED + 1 },
      { stream: 'err', text: 'two', at: STARTED + 2 },
      { stream: 'out', text: ' 10%\r 50%\r100%', at: STARTED + 3 },
    ]);
    await run.file('media/a.txt', textFile('an a'));
    await run.file('gone.txt', textFile('not for long'));
    await run.artifact({
      name: 'data',
      type: 'dataset',
      files: [{ path: 'x/y.txt', ...textFile('a y') }],
      references: [{ path: 'r', uri: 's3://b/r', digest: 'd' }],
    });
    await run.alert({ title: 't', text: 'u' });
    await run.exit(0, 4);
    await rm(join(run.folder, 'files/gone.txt'));
    const { events, warnings } = await takeOne(dir);
    expect(ofKind(events, 'log')).toEqual([
      { kind: 'log', at: STARTED + 1, stream: 'out', text: 'one' },
      { kind: 'log', at: STARTED + 2, stream: 'err', text: 'two' },
      { kind: 'log', at: STARTED + 3, stream: 'out', text: '100%' },
    ]);
    const { signal } = new AbortController();
    const files = await Promise.all(
      ofKind(events, 'artifact').map(async (file) => [file.path, file.type, (await buffer(file.read(signal))).toString()]),
    );
    expect(files).toEqual([
      ['data/x/y.txt', 'dataset', 'a y'],
      ['media/a.txt', undefined, 'an a'],
    ]);
    expect(warnings).toEqual([
      'r1: 1 of 2 files of its artifact data are not taken over: they are not on this machine',
      'r1: its alerts are not taken over',
      'r1: its file gone.txt is not taken over: it is not there',
    ]);
  });

  test('loses no version of an artifact that was logged several times, also after a resume: a later one is named by a number', async () => {
    const dir = await newDir();
    for (const epochs of [['0', '1', '1'], ['2']]) {
      const run = await OfflineRun.open(optionsIn(dir, { startedAt: STARTED + Number(epochs[0]) * 60_000 }));
      for (const epoch of epochs)
        await run.artifact({ name: 'ckpt', type: 'model', files: [{ path: 'weights.bin', ...textFile(`of ${epoch}`) }], references: [] });
      await run.artifact({ name: 'ckpt-2', type: 'model', files: [{ path: 'a', ...textFile('another') }], references: [] });
      await run.exit(0, 4);
    }
    const { events } = await takeOne(dir);
    const { signal } = new AbortController();
    const files = ofKind(events, 'artifact').map(async ({ path, read }) => [path, (await buffer(read(signal))).toString()] as const);
    expect(await Promise.all(files)).toEqual([
      ['ckpt/weights.bin', 'of 0'],
      ['ckpt-2/weights.bin', 'of 1'],
      ['ckpt-2/weights.bin', 'of 1'],
      ['ckpt-2-2/a', 'another'],
      ['ckpt-3/weights.bin', 'of 2'],
      ['ckpt-2-2/a', 'another'],
    ]);
  });

  test('loses no file whose path a file of an artifact has too, also after a resume, and says what it is called', async () => {
    const dir = await newDir();
    for (const text of ['first', 'second']) {
      const run = await OfflineRun.open(optionsIn(dir, { startedAt: STARTED + (text === 'first' ? 0 : 60_000) }));
      await run.file('model/weights.bin', textFile(`${text} of the run`));
      await run.file('model/notes.txt', textFile('notes'));
      await run.artifact({ name: 'model', type: 'model', files: [{ path: 'weights.bin', ...textFile('of the artifact') }] });
      await run.exit(0, 1);
    }
    const { events, warnings } = await takeOne(dir);
    const kept = new Map<string, string>();
    for (const { path, read } of ofKind(events, 'artifact')) kept.set(path, (await buffer(read(new AbortController().signal))).toString());
    expect(Object.fromEntries(kept)).toEqual({
      ...{ 'model/weights.bin': 'of the artifact', 'model/notes.txt': 'notes', 'files/model/weights.bin': 'second of the run' },
    });
    expect(warnings).toEqual(['r1: its file model/weights.bin is files/model/weights.bin here, as an artifact has a file of that path']);
  });

  test('takes over no file of an artifact that is another one now, or that cannot be read, and says so: a log may name any file of this machine', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    const files = ['as-logged', 'same-size', 'longer', 'unreadable'].map((path) => ({ path, ...textFile(`it is ${path}`) }));
    await run.artifact({ name: 'data', type: 'dataset', files });
    await run.exit(0, 4);
    const copies = await copiesOf(run.path);
    await writeFile(copies['same-size']!, 'IT IS SAME-SIZE');
    await writeFile(copies['longer']!, 'a password of somebody');
    await rm(copies['unreadable']!);
    await symlink(copies['unreadable']!, copies['unreadable']!);
    const { events, warnings } = await takeOne(dir);
    expect(ofKind(events, 'artifact').map(({ path }) => path)).toEqual(['data/as-logged']);
    expect(warnings).toEqual([
      'r1: 2 of 4 files of its artifact data are not taken over: they are others now than when they were logged',
      'r1: 1 of 4 files of its artifact data are not taken over: they cannot be read here',
    ]);
  });

  test('takes a run that failed for one, with the exception that Python told of last', async () => {
    const dir = await newDir();
    const lines = [
      'Traceback (most recent call last):',
      '  File "train.py", line 3, in <module>',
      '    fit()',
      'KeyError: earlier',
      'Traceback (most recent call last):',
    ];
    const last = [...lines, '  File "train.py", line 9, in <module>', 'my.errors.TooSmall: 3 < 4', '', 'more of it', 'wandb: synced'];
    const run = await OfflineRun.open(optionsIn(dir));
    run.output(last.map((text) => ({ stream: 'err' as const, text, at: STARTED })));
    await run.exit(1, 2);
    const silent = await OfflineRun.open(optionsIn(dir, { id: 'silent' }));
    await silent.exit(137, 2);
    const { runs } = await take(dir);
    expect(runs.map(({ run: { outcome } }) => outcome)).toEqual([
      { status: 'failed', error: { name: 'my.errors.TooSmall', message: '3 < 4', stack: last.slice(4).join('\n') } },
      { status: 'failed', error: { name: 'Error', message: 'the run ended with exit code 137' } },
    ]);
  });

  test('takes what there is of a run whose program was killed, says so, and gives it no end', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    for (let step = 0; step < 100; step++) run.history([rowOf(step, { loss: step })]);
    await run.close();
    await truncate(run.path, run.safeSize - 70);
    const { run: taken, events, warnings } = await takeOne(dir);
    expect([taken.outcome, taken.endedAt]).toEqual([undefined, undefined]);
    expect(ofKind(events, 'metrics').map(({ step }) => step)).toEqual(Array.from({ length: 100 }, (_, step) => step));
    expect(warnings).toEqual([expect.stringMatching(/^r1: \/.*\/run-r1\.wandb is unfinished from byte \d+ on: its program was killed$/)]);
  });

  test('takes what is around a damaged place, and names it', async () => {
    const dir = await newDir();
    const run = await OfflineRun.open(optionsIn(dir));
    for (let step = 0; step < 3_000; step++) run.history([rowOf(step, { loss: step })]);
    await run.exit(0, 3_000);
    const bytes = await readFile(run.path);
    bytes[40_000]! ^= 1;
    await writeFile(run.path, bytes);
    const { events, warnings } = await takeOne(dir);
    const steps = ofKind(events, 'metrics').map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(2_500);
    expect(steps.at(-1)).toBe(2_999);
    expect(warnings).toEqual([
      expect.stringMatching(/run-r1\.wandb is damaged at byte 3\d{4}: the checksum of a chunk is wrong; what was there is not taken over$/),
    ]);
  });

  test('joins the logs of a run that was resumed, and keeps runs of one id in two projects apart', async () => {
    const dir = await newDir();
    const [first, second, other] = await Promise.all([newDir(), newDir(), newDir()]);
    const begin = await OfflineRun.open(optionsIn(first, { tags: ['a'] }));
    begin.history([rowOf(0, { loss: 3 })]);
    await begin.exit(1, 1);
    const again = await OfflineRun.open(optionsIn(second, { tags: ['b'], startedAt: STARTED + 60_000 }));
    again.history([rowOf(1, { loss: 2 })]);
    await again.exit(0, 62);
    await (await OfflineRun.open(optionsIn(other, { project: 'beer', startedAt: STARTED + 120_000 }))).exit(0, 1);
    for (const from of [first, second, other])
      await cp(join(from, 'wandb'), join(dir, 'wandb'), { recursive: true, verbatimSymlinks: true, force: true });
    const { runs } = await take(join(dir, 'wandb'));
    expect(runs.map(({ run }) => [run.id, run.experiment, run.startedAt])).toEqual([
      ['wine/r1', 'wine', STARTED],
      ['beer/r1', 'beer', STARTED + 120_000],
    ]);
    expect(runs[0]?.run.outcome).toEqual({ status: 'completed' });
    expect(ofKind(runs[0]?.events ?? [], 'metrics').map(({ values }) => values)).toEqual([{ loss: 3 }, { loss: 2 }]);
    expect(ofKind(runs[0]?.events ?? [], 'tags').map(({ set }) => set)).toEqual([{ b: 'true' }]);
  });

  test('takes a run for ended as that log says which ended last, and for not ended if one that began later has no end', async () => {
    const [dir, own, joined, killed] = await Promise.all([newDir(), newDir(), newDir(), newDir()]);
    const outcomeOf = async (...parts: string[]): Promise<unknown> => {
      for (const part of parts) await cp(join(part, 'wandb'), join(dir, 'wandb'), { recursive: true, verbatimSymlinks: true, force: true });
      const { run, events } = await takeOne(dir);
      return [run.outcome?.status, run.name, ofKind(events, 'tags').map(({ set }) => set)];
    };
    await (await OfflineRun.open(optionsIn(own, { displayName: 'ours', tags: ['a'] }))).exit(1, 60);
    await (await OfflineRun.open(optionsIn(joined, { startedAt: STARTED + 10_000 }))).exit(0, 5);
    await (await OfflineRun.open(optionsIn(killed, { startedAt: STARTED + 90_000 }))).close();
    expect(await outcomeOf(own, joined)).toEqual(['failed', 'ours', [{ a: 'true' }]]);
    expect(await outcomeOf(killed)).toEqual([undefined, 'ours', [{ a: 'true' }]]);
  });

  test('of Mortise’s own has not ended while it says so itself, though a program that its step started has', async () => {
    const dir = await newDir();
    const story = { key: 'k', name: 'n', group: 'g', show: '', tags: {}, status: 'running' };
    const own = await OfflineRun.open(optionsIn(dir, { config: { mortise: story } }));
    await own.close();
    const joined = await newDir();
    await (await OfflineRun.open(optionsIn(joined, { startedAt: STARTED + 10_000 }))).exit(0, 5);
    await cp(join(joined, 'wandb'), join(dir, 'wandb'), { recursive: true, verbatimSymlinks: true, force: true });
    const { run } = await takeOne(dir);
    expect([run.outcome, run.endedAt]).toEqual([undefined, undefined]);
  });

  test('of Mortise’s own has the error, tags and user as they were, and not as W&B shows them', async () => {
    const dir = await newDir();
    const story = { key: 'k', name: 'n', group: 'g', show: '', user: 'ada', tags: { team: 'red', note: 'x'.repeat(90) } };
    const error = { name: 'RangeError', message: 'too small' };
    const failed = await OfflineRun.open(
      optionsIn(dir, { tags: ['team:red'], config: { lr: 1, mortise: { ...story, status: 'failed', error } } }),
    );
    await failed.exit(1, 1);
    const killed = { ...story, status: 'killed', error: { name: 'Killed', message: 'SIGTERM' } };
    await (await OfflineRun.open(optionsIn(dir, { id: 'r2', config: { mortise: killed } }))).exit(255, 1);
    const { runs } = await take(dir);
    expect(runs.map(({ run }) => [run.user, run.outcome])).toEqual([
      ['ada', { status: 'failed', error }],
      ['ada', { status: 'killed', reason: 'SIGTERM' }],
    ]);
    expect(runs[0]?.events).toEqual([
      { kind: 'params', at: STARTED, values: { lr: 1 } },
      { kind: 'tags', at: STARTED, set: story.tags },
    ]);
  });
});
