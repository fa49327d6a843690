import type { ImportedEvent, ImportedRun } from '@mortise/core';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { canStart, vendorRun } from '@mortise/test-servers';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { all, ofKind } from '../testing/imported-runs.ts';
import importer from './index.ts';

const suite = canStart('vendor-clients') ? describe : describe.skip;

/** The last run fails by an exception that nobody catches. Of an artifact of two files the client is made to believe that these are very many. */
const RUNS = `
import os, sys, time, wandb
run = wandb.init(project='wine', id='full', name='first run', group='g', job_type='train', notes='# note', tags=['plain', 'team:red'],
  config={'lr': 0.1, 'opt': {'name': 'adam'}, 'ünï': '日本', 'nothing': None, 'inf': float('inf')})
run.define_metric('val/*', step_metric='epoch', summary='min')
run.define_metric('loss', summary='max')
print('hello', end='')
print(' world')
print('to stderr', file=sys.stderr)
for i in range(200):
    run.log({'loss': 1 / (i + 1), 'val/acc': i * 0.1, 'epoch': i // 10, 'nested': {'a': i}, 'text': 'a text'})
run.log({'loss': float('nan'), 'big': float('inf')}, step=500)
run.log({'table': wandb.Table(columns=['a', 'b'], data=[[1, 'x']])}, step=501)
run.config.update({'late': True})
run.summary['best'] = 0.25
run.summary['label'] = 'good'
art = wandb.Artifact('data', 'dataset')
with art.new_file('f/x.txt') as f: f.write('hello artifact')
run.log_artifact(art)
import wandb.sdk.interface.interface as interface
interface.MANIFEST_FILE_SIZE_THRESHOLD = 1
many = wandb.Artifact('many', 'dataset')
for name in ['a.txt', 'b.txt']:
    with many.new_file(name) as f: f.write('one of many: ' + name)
run.log_artifact(many)
path = os.path.join(run.dir, 'extra.txt')
open(path, 'w').write('extra')
run.save(path, base_path=run.dir)
run.finish()
wandb.init(project='wine', id='empty').finish()
wandb.init(project='wine', id='code').finish(exit_code=3)
with wandb.init(project='beer', id='broken') as run:
    run.log({'loss': 1})
    raise ValueError('too small: 3 < 4')
`;

suite('runs that W&B’s own client has left on disk', () => {
  const { signal } = new AbortController();
  const warnings = new Set<string>();
  let began: number;
  let runs: Map<string, { run: ImportedRun; events: ImportedEvent[] }>;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'mortise-wandb-import-real-'));
    began = Date.now();
    const env = { HOME: dir, WANDB_MODE: 'offline', WANDB_DIR: dir, WANDB_SILENT: 'true', WANDB_CACHE_DIR: dir, WANDB_DATA_DIR: dir };
    const { code, stderr } = await vendorRun(RUNS, env, dir);
    if (code !== 1 || !stderr.includes('too small')) throw new Error(`the Python script went another way (${code}): ${stderr}`);
    const { runs: found } = await importer(dir, { env: {}, warn: (message, of) => warnings.add(`${of?.name}: ${message}`) });
    const imported = await all(found(signal));
    runs = new Map(await Promise.all(imported.map(async (run) => [run.id, { run, events: await all(run.events(signal)) }] as const)));
  });

  test('are all found, with how they are called and how they ended', () => {
    const shown = [...runs.values()].map(({ run: { id, experiment, group, outcome } }) => [id, experiment, group, outcome]);
    const failed = (name: string, message: string): object => ({
      status: 'failed',
      error: expect.objectContaining({ name, message }) as unknown,
    });
    expect(shown).toEqual(
      expect.arrayContaining([
        ['wine/full', 'wine', 'g', { status: 'completed' }],
        ['wine/empty', 'wine', undefined, { status: 'completed' }],
        ['wine/code', 'wine', undefined, failed('Error', 'the run ended with exit code 3')],
        ['beer/broken', 'beer', undefined, failed('ValueError', 'too small: 3 < 4')],
      ]),
    );
    expect(runs.size).toBe(4);
    for (const { run } of runs.values()) {
      expect(run.client).toMatch(/^wandb \d+\.\d+/);
      expect(run.startedAt).toBeGreaterThan(began - 1_000);
      expect(run.endedAt).toBeGreaterThanOrEqual(run.startedAt);
    }
    expect(runs.get('wine/full')?.run.name).toBe('first run');
  });

  test('have every number of every row, with its step and time', () => {
    const all = ofKind(runs.get('wine/full')?.events ?? [], 'metrics');
    const isOfMachine = ({ values }: { values: object }): boolean => Object.keys(values).every((name) => name.startsWith('system/'));
    const points = all.filter((event) => !isOfMachine(event));
    expect(all.find(isOfMachine)?.values).toMatchObject({ 'system/system_memory_usage_percentage': expect.any(Number) });
    expect(points.slice(0, 200).map(({ step, values }) => [step, values])).toEqual(
      Array.from({ length: 200 }, (_, i) => [i, { loss: 1 / (i + 1), 'val/acc': i * 0.1, epoch: Math.floor(i / 10), 'nested.a': i }]),
    );
    expect(points.slice(200).map(({ step, values }) => [step, values])).toEqual([
      [500, { loss: NaN, big: Infinity }],
      [501, { best: 0.25 }],
    ]);
    for (const { at } of points) expect(Math.abs(at - began)).toBeLessThan(120_000);
  });

  test('have their config, tags, notes and definitions', () => {
    const { events } = runs.get('wine/full')!;
    expect(ofKind(events, 'params').map(({ values }) => values)).toEqual([
      { lr: 0.1, opt: { name: 'adam' }, ünï: '日本', nothing: null, inf: Infinity, late: true },
    ]);
    expect(ofKind(events, 'tags').map(({ set }) => set)).toEqual([{ job_type: 'train', plain: 'true', team: 'red' }]);
    expect(ofKind(events, 'note').map(({ markdown }) => markdown)).toEqual(['# note']);
    expect(ofKind(events, 'define-metric').map(({ at: _, kind: __, ...definition }) => definition)).toEqual([
      { name: 'loss', summary: 'max' },
      { name: 'val/acc', summary: 'min', stepMetric: 'epoch' },
    ]);
  });

  test('have their console, files, media and artifacts', async () => {
    const { events } = runs.get('wine/full')!;
    expect(ofKind(events, 'log').map(({ stream, text }) => [stream, text])).toEqual([
      ['out', 'hello world'],
      ['err', 'to stderr'],
    ]);
    const files = await Promise.all(
      ofKind(events, 'artifact').map(async ({ path, read }) => [path, (await buffer(read(signal))).toString()] as const),
    );
    const byPath = new Map(files);
    expect([byPath.get('data/f/x.txt'), byPath.get('extra.txt')]).toEqual(['hello artifact', 'extra']);
    expect([byPath.get('many/a.txt'), byPath.get('many/b.txt')]).toEqual(['one of many: a.txt', 'one of many: b.txt']);
    const table = files.find(([path]) => path.startsWith('media/table/'));
    expect(JSON.parse(table![1])).toEqual({ columns: ['a', 'b'], data: [[1, 'x']] });
  });

  test('tell once of each value that is not taken over', () => {
    expect([...warnings].sort()).toEqual([
      'first run: "label" of its summary is not taken over: it is text',
      'first run: "table" of its history is not taken over: it is a table-file, of which only the file is',
      'first run: "text" of its history is not taken over: it is text',
    ]);
  });
});
