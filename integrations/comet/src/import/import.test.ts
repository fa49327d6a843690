import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { importedFrom, type ImportedContent } from '../testing/imported.ts';
import { never } from '../testing/play.ts';
import { zipped } from '../testing/zipped.ts';
import importer from './index.ts';

const PROGRAM = fileURLToPath(new URL('../testing/count-imported.ts', import.meta.url));

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mortise-comet-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  name?: string;
  meta?: object;
  messages?: [type: string, payload: object][];
  files?: Record<string, string>;
  /** `"BARE"` is infinite. */
  bare?: boolean;
}

async function archive({ name = 'e1.zip', meta = {}, messages = [], files = {}, bare = false }: Told): Promise<void> {
  const whole = { offline_id: 'e1', project_name: 'demo', workspace: 'w', start_time: 1_000, stop_time: 9_000, tags: [], ...meta };
  const lines = messages.map(([type, payload]) => `${JSON.stringify({ type, payload })}\n`);
  const text = bare ? lines.join('').replaceAll('"BARE"', 'Infinity') : lines.join('');
  await zipped(join(folder, name), { 'experiment.json': JSON.stringify(whole), 'messages.json': text, ...files });
}

async function only(): Promise<ImportedContent & { warnings: string[] }> {
  const { runs, warnings } = await importedFrom(folder);
  expect(runs.size).toBe(1);
  return { ...[...runs.values()][0]!, warnings };
}

const point = (metricValue: unknown, step: number | null, name = 'loss', epoch: number | null = null): [string, object] => [
  'metric_msg',
  { local_timestamp: 5_000, metric: { metricName: name, metricValue, step, epoch } },
];

test('a run has its name, project, times, tags and others', async () => {
  await archive({
    meta: { tags: ['a', 'b'] },
    messages: [
      ['log_other', { key: 'Name', value: 'train' }],
      ['log_other', { key: 'team', value: 3 }],
    ],
  });
  const { run, tags } = await only();
  expect(run).toMatchObject({
    id: 'e1',
    name: 'train',
    experiment: 'demo',
    startedAt: 1_000,
    endedAt: 9_000,
    outcome: { status: 'completed' },
  });
  expect(tags).toEqual({ a: 'true', b: 'true', team: '3' });
});

test('points keep their steps, those without are counted, and odd numbers are numbers', async () => {
  await archive({ messages: [point(1, 3), point('NaN', 4), point('-Infinity', null), point(2, null), point(7, 7, 'process duration')] });
  expect((await only()).points).toEqual([
    { name: 'loss', value: 1, step: 3 },
    { name: 'loss', value: Number.NaN, step: 4 },
    { name: 'loss', value: -Infinity, step: 5 },
    { name: 'loss', value: 2, step: 6 },
  ]);
});

test('points with an epoch alone have that as their step, as long as epochs rise, and an epoch beside a step is told of', async () => {
  await archive({ messages: [...[10, 20, 20].map((epoch) => point(epoch / 10, null, 'loss', epoch)), point(1, 7, 'acc', 3)] });
  const { points, warnings } = await only();
  expect(points).toEqual([
    { name: 'loss', value: 1, step: 10 },
    { name: 'loss', value: 2, step: 20 },
    { name: 'loss', value: 2, step: 21 },
    { name: 'acc', value: 1, step: 7 },
  ]);
  expect(warnings).toEqual(['e1: epochs of points that have a step, or that share their epoch, are not taken over']);
});

test("a value that is null is NaN, as Comet's client writes it, and what is no number is left out and counted", async () => {
  const odd = ['', 'True', true, undefined, 'abc'].map((value, step) => point(value, step, 'odd'));
  await archive({ messages: [point(null, 1), ...odd, point('x', 1, 'other'), point(2, 2)] });
  const { points, warnings } = await only();
  expect(points).toEqual([
    { name: 'loss', value: Number.NaN, step: 1 },
    { name: 'loss', value: 2, step: 2 },
  ]);
  expect(warnings).toEqual([
    'e1: 5 points of the metric "odd" are not taken over: their values are no numbers',
    'e1: 1 point of the metric "other" is not taken over: its value is no number',
  ]);
});

test('what was written to the console becomes lines, however it was cut', async () => {
  const out = (output: string, stderr = false): [string, object] => ['standard_output', { output, stderr, local_timestamp: 1 }];
  await archive({ messages: [out('one '), out('line'), out('oh\n', true), out('\ntwo\nth'), out('ree')] });
  expect((await only()).lines).toEqual(['oh', 'one line', 'two', 'three']);
});

test('a line that had no end when its program ended does not go on in the next archive of the experiment', async () => {
  const out = (output: string): [string, object] => ['standard_output', { output, stderr: false, local_timestamp: 1 }];
  await archive({ messages: [out('one\nkilled amid')] });
  await archive({ name: 'e1_2.zip', meta: { start_time: 10_000, stop_time: 12_000 }, messages: [out('two\n')] });
  expect((await only()).lines).toEqual(['one', 'killed amid', 'two']);
});

test('messages of old clients, of which all are of one type, are taken for what they say', async () => {
  const old = (said: object): [string, object] => ['ws_msg', { local_timestamp: 5_000, metric: null, context: null, ...said }];
  await archive({
    messages: [
      old({ log_other: { key: 'Name', val: 'train' } }),
      old({ log_other: { key: 'team', val: 3 } }),
      old({ stdout: 'a li', stderr: false }),
      old({ stdout: 'oh\n', stderr: true }),
      old({ stdout: 'ne\n', stderr: false }),
      old({ htmlOverride: '<p>' }),
      old({ graph: 'g' }),
      old({ fileName: 'train.py' }),
      old({ git_meta: { user: 'ann' } }),
      old({ env_details: { os: 'linux' } }),
      old({ metric: { metricName: 'loss', metricValue: 0.5, step: 1 }, stdout: '' }),
      old({ log_system_info: { key: 'k', value: 'v' } }),
      old({ code: 'import this' }),
    ],
  });
  const { run, tags, lines, files, documents, points, warnings } = await only();
  expect({ name: run.name, tags, lines, documents }).toEqual({
    ...{ name: 'train', tags: { team: '3' }, lines: ['oh', 'a line'] },
    documents: ['file_name', 'git_metadata', 'system_details'],
  });
  expect(files).toEqual({ 'page.html': '<p>', 'graph.txt': 'g' });
  expect(points).toEqual([{ name: 'loss', value: 0.5, step: 1 }]);
  expect(warnings).toEqual([
    'train: messages of the type system_info have no place here',
    'train: messages of the type ws_msg have no place here',
  ]);
});

test('messages with infinite numbers, which Comet’s client writes bare, are taken over, and the files that they are of', async () => {
  const upload = { file_path: 'tmp1', upload_type: 'asset', metadata: { best: 'BARE' }, additional_params: { fileName: 'model.bin' } };
  await archive({
    messages: [
      ['log_other', { key: 'best', value: 'BARE' }],
      ['file_upload', upload],
    ],
    files: { tmp1: 'the weights' },
    bare: true,
  });
  const { tags, files, warnings } = await only();
  expect({ tags, files, warnings }).toEqual({ tags: { best: 'Infinity' }, files: { 'model.bin': 'the weights' }, warnings: [] });
});

test('pages, graphs and assets are files with their bytes, and no name leads out of the run', async () => {
  const upload = (fileName: string): [string, object] => [
    'file_upload',
    { file_path: 'tmp1', upload_type: 'asset', local_timestamp: 1, additional_params: { fileName, context: null, step: null } },
  ];
  await archive({
    messages: [
      ['html', { html: '<b>1</b>' }],
      ['html', { html: '<b>2</b>' }],
      ['graph', { graph: 'g' }],
      upload('../../etc/x.bin'),
      upload('a/b.txt'),
    ],
    files: { tmp1: 'bytes' },
  });
  expect((await only()).files).toEqual({
    ...{ 'page.html': '<b>1</b>', 'page-2.html': '<b>2</b>', 'graph.txt': 'g', 'etc/x.bin': 'bytes', 'a/b.txt': 'bytes' },
  });
});

/** As Comet's own client writes it: assets have a file's name, images that of a figure. */
const uploaded = (file: string, params: object, upload_type = 'asset'): [string, object] => [
  'file_upload',
  { file_path: file, upload_type, local_timestamp: 1, additional_params: { context: null, overwrite: false, ...params } },
];

test('assets and images that were logged under one name are all kept, but for those that were to be replaced', async () => {
  await archive({
    messages: [
      ...[1, 2].map((step) => uploaded(`asset${step}`, { fileName: 'a/w.bin', extension: 'bin', step })),
      uploaded('asset3', { fileName: 'a/w.bin', extension: 'bin', step: 2 }),
      uploaded('asset4', { fileName: 'a/w.bin', extension: 'bin', step: null }),
      ...[0, 1].map((step) => uploaded(`image${step}`, { figName: 'sample', extension: 'png', step }, 'visualization')),
      uploaded('old', { fileName: 'best.bin', step: null, overwrite: true }),
      uploaded('new', { fileName: 'best.bin', step: null, overwrite: true }),
    ],
    files: { asset1: '1', asset2: '2', asset3: '3', asset4: '4', image0: 'i0', image1: 'i1', old: 'old', new: 'new' },
  });
  expect((await only()).files).toEqual({
    ...{ 'a/w.bin': '1', 'a/w-step-2.bin': '2', 'a/w-2.bin': '3', 'a/w-3.bin': '4' },
    ...{ 'sample.png': 'i0', 'sample-step-1.png': 'i1', 'best.bin': 'new' },
  });
});

test('a file that is not in its archive is told of, and the rest of the run is taken over', async () => {
  await archive({
    messages: [uploaded('gone', { fileName: 'lost.bin' }), uploaded('there', { fileName: 'kept.bin' }), point(1, 1)],
    files: { there: 'bytes' },
  });
  const { files, points, warnings } = await only();
  expect({ files, points: points.length }).toEqual({ files: { 'kept.bin': 'bytes' }, points: 1 });
  expect(warnings).toEqual([expect.stringMatching(/the file "lost\.bin" is not taken over: it is not in .*e1\.zip$/)]);
});

test('what the client says of its machine is a document, and what has no place is told once', async () => {
  await archive({
    messages: [
      ['git_metadata', { branch: 'main', message_id: 3 }],
      ['system_info', { system_info: [] }],
      ['system_info', { system_info: [] }],
    ],
  });
  const { documents, warnings } = await only();
  expect(documents).toEqual(['git_metadata']);
  expect(warnings).toEqual([expect.stringContaining('messages of the type system_info have no place here')]);
});

test('files of models are below the name of their model, and text samples have a name', async () => {
  const model = (groupingName: string): [string, object] =>
    uploaded(groupingName, { fileName: 'weights.bin', extension: 'bin', step: 4, groupingName }, 'model-element');
  const sample = (step: number): [string, object] =>
    uploaded(`text${step}`, { fileName: 'auto-generated-in-the-backend', step, type: 'text-sample' }, 'text-sample');
  await archive({
    messages: [model('net'), model('critic'), sample(1), sample(2)],
    files: { net: 'n', critic: 'c', text1: '1', text2: '2' },
  });
  expect((await only()).files).toEqual({
    ...{ 'net/weights.bin': 'n', 'critic/weights.bin': 'c', 'text-sample.txt': '1', 'text-sample-step-2.txt': '2' },
  });
});

test("a run of which only Comet's client said that it could not log something has not failed, and that is told", async () => {
  const error = 'Unexpected error detected while logging image data. Check logs for details.';
  await archive({ meta: { customer_error_reported: true, customer_error_message: error } });
  const { run, warnings } = await only();
  expect(run.outcome).toEqual({ status: 'completed' });
  expect(warnings).toEqual([`e1: Comet's client has reported: ${error}`]);
});

test('a failure that was reported is one, with its text', async () => {
  const error = "Unexpected error detected in the user script: RuntimeError('boom')";
  await archive({ meta: { customer_error_reported: true, customer_error_message: error } });
  expect((await only()).run.outcome).toEqual({ status: 'failed', error: { name: 'Error', message: error } });
});

test('archives of one experiment are one run, in the order of their times', async () => {
  await archive({ name: 'a-later.zip', meta: { start_time: 20_000, stop_time: 30_000 }, messages: [point(3, 3)] });
  await archive({ name: 'b.zip', messages: [point(1, 1), point(2, 2)] });
  const { points, run } = await only();
  expect({ steps: points.map(({ step }) => step), startedAt: run.startedAt, endedAt: run.endedAt }).toEqual({
    ...{ steps: [1, 2, 3], startedAt: 1_000, endedAt: 30_000 },
  });
});

test('a run of ours has the end that it says, also where the archive of a program that its step started is the later one', async () => {
  const end: [string, object] = ['log_other', { key: 'mortise.end', value: '["failed","1970-01-01T00:00:40.000Z"]' }];
  await archive({
    meta: { stop_time: 40_000, customer_error_reported: true, customer_error_message: 'TypeError: no wine left' },
    messages: [end],
  });
  await archive({ name: 'child.zip', meta: { start_time: 20_000, stop_time: 30_000 }, messages: [point(3, 3)] });
  const { outcome, endedAt } = (await only()).run;
  expect({ outcome, endedAt }).toEqual({
    ...{ outcome: { status: 'failed', error: { name: 'TypeError', message: 'no wine left' } }, endedAt: 40_000 },
  });
});

test('a copy of an archive is told of, and nothing is there twice', async () => {
  const messages = [point(1, 1), point(2, 2)];
  await archive({ messages });
  await archive({ name: 'e1 (copy).zip', messages });
  await archive({ name: 'later.zip', meta: { start_time: 20_000, stop_time: 30_000 }, messages: [point(3, 3)] });
  const { points, warnings } = await only();
  expect(points.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(warnings).toEqual([expect.stringMatching(/e1\.zip is a copy of .*e1 \(copy\)\.zip, and is left out$/)]);
});

describe('what cannot be read', () => {
  const refusalOf = (from: string) => importer(from, { env: {}, warn: () => undefined }).catch(({ message }: Error) => message);

  test('is told in one line', async () => {
    expect(await refusalOf(join(folder, 'none'))).toMatch(/^nothing was imported from .*: there is no such file or folder/);
    expect(await refusalOf(folder)).toContain('it has no archive of an offline experiment');
    writeFileSync(join(folder, 'x.zip'), 'no ZIP file at all');
    expect(await refusalOf(join(folder, 'x.zip'))).toMatch(/x\.zip: it is no ZIP file, or its end is missing$/);
    await zipped(join(folder, 'y.zip'), { 'a.txt': 'a' });
    expect(await refusalOf(join(folder, 'y.zip'))).toContain('it has no experiment.json');
    await zipped(join(folder, 'w.zip'), { 'experiment.json': '{', 'messages.json': '' });
    expect(await refusalOf(join(folder, 'w.zip'))).toContain('its experiment.json is no JSON');
  });

  test('is told before it is read where it would fill the memory', async () => {
    const whole = JSON.stringify({ offline_id: 'z', start_time: 1, stop_time: 2, tags: [] });
    await zipped(join(folder, 'v.zip'), { 'experiment.json': whole + ' '.repeat(40_000_000), 'messages.json': '' });
    expect(await refusalOf(join(folder, 'v.zip'))).toMatch(
      /v\.zip: its experiment\.json has 40,\d{3},\d{3} bytes, and would be of no experiment$/,
    );
  });

  test('keeps nothing else from being imported: an archive among others, a line among others', async () => {
    await archive({ messages: [point(1, 1)] });
    writeFileSync(join(folder, 'x.zip'), 'no ZIP file at all');
    await zipped(join(folder, 'z.zip'), {
      'experiment.json': JSON.stringify({ offline_id: 'z', start_time: 1, stop_time: 2, tags: [] }),
      'messages.json': `{"type":"metric_msg"\n${JSON.stringify({ type: point(2, 2)[0], payload: point(2, 2)[1] })}\n`,
    });
    const { runs, warnings } = await importedFrom(folder);
    expect(Array.from(runs.values(), ({ run, points }) => run.unreadable ?? points.length)).toEqual([
      'the archive is damaged: it is no ZIP file, or its end is missing',
      ...[1, 1],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/z\.zip: line 1 of messages\.json is no message/)]);
  });
});

describe('an archive in which bytes have changed since it was written', () => {
  /** As a disk or a copy does that nobody checked. */
  function change(from: string, to: string): void {
    const path = join(folder, 'e1.zip');
    const bytes = readFileSync(path);
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    bytes.write(to, at);
    writeFileSync(path, bytes);
  }
  const messages: Told['messages'] = [
    point(0.5, 1),
    ['file_upload', { file_path: 'f1', upload_type: 'asset', additional_params: { fileName: 'a.txt' } }],
  ];
  beforeEach(async () => {
    await archive({ messages, files: { f1: 'the text' } });
    await archive({ name: 'e2.zip', meta: { offline_id: 'e2' }, messages: [point(1, 1)] });
  });
  const took = async (): Promise<unknown[]> => {
    const told: unknown[] = [];
    for await (const { id, unreadable, events } of (await importer(folder, { env: {}, warn: () => undefined })).runs(never)) {
      const read = async (): Promise<string> => {
        for await (const event of events(never)) if (event.kind === 'artifact') await buffer(event.read(never));
        return 'whole';
      };
      told.push([id, unreadable ?? (await read().catch((error: Error) => error.message))]);
    }
    return told;
  };

  test.each([
    ['a point', '"metricValue":0.5', '"metricValue":0.7', 'e1', 'messages.json'],
    ['a file', 'the text', 'the test', 'e1', 'f1'],
    ['what it says of itself', '"workspace":"w"', '"workspace":"x"', 'e1.zip', 'experiment.json'],
  ])('gives no false %s: its run is among the failed, and others are read', async (_, from, to, id, name) => {
    change(from, to);
    const told = await took();
    expect(told).toContainEqual([
      id,
      expect.stringMatching(new RegExp(`its ${name} is damaged: it has other bytes than when it was written$`)),
    ]);
    expect(told).toContainEqual(['e2', 'whole']);
  });
});

test('200,000 lines, 35 MB of them, pass through a heap of 32 MB', async () => {
  const count = 200_000;
  const padding = 'x'.repeat(60);
  function* lines(): Generator<string> {
    for (let step = 0; step < count; step++) {
      const [type, payload] = point(step / 8, step, `a/long/name/${padding}`);
      yield `${JSON.stringify({ type, payload })}\n`;
    }
  }
  await zipped(join(folder, 'big.zip'), {
    'experiment.json': JSON.stringify({ offline_id: 'big', start_time: 1, stop_time: 2, tags: [] }),
    'messages.json': lines(),
  });
  expect(statSync(join(folder, 'big.zip')).size).toBeGreaterThan(35_000_000);
  const args = ['--max-old-space-size=32', '--conditions=mortise-source', '--no-warnings', PROGRAM, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout.trim()).toBe(String(count));
});
