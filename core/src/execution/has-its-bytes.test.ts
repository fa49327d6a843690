import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { folder, pipeline, resumeRun, step, when, type PipelineRun } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { hasItsBytes } from './has-its-bytes.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => project.remove());

const source = step('source', async () => ({ list: [1, 2, 3] }));
const total = step('total', async ({ of }: { of: { list: number[] } }) => of.list.reduce((a, b) => a + b));
const totals = pipeline('totals', () => total({ of: source() }));
const list = step('list', async () => [1, 2, 3]);
const isGood = step('isGood', async () => true);
const branch = step('branch', async () => 1);
const files = step('files', async () => folder(join(process.env['MORTISE_PROJECT']!, 'made')));
const filed = pipeline('filed', () => files());

const pathOf = (run: PipelineRun, id: string): string => fileURLToPath(run.steps[id]!.outputs['output']!.uri!);
const statuses = (run: PipelineRun): string[] => Object.values(run.steps).map(({ status }) => status);

describe('a step is not taken from the cache when its output', () => {
  it.each<[string, (path: string) => void]>([
    ['is gone', (path) => rmSync(path)],
    ['has another size', (path) => truncateSync(path, 1)],
  ])('%s: it is run anew, the run says so, and the next one is cached again', async (_how, damage) => {
    const first = await totals.run();
    damage(pathOf(first, 'source'));
    const second = await totals.run();
    expect([second.status, second.result, statuses(second)]).toEqual(['completed', 6, ['completed', 'cached']]);
    expect(second.warnings).toEqual(['what step "source" left is gone from the artifact store: it is run anew']);
    const third = await totals.run();
    expect([statuses(third), third.warnings]).toEqual([['cached', 'cached'], []]);
  });

  it('is a folder that lacks a file', async () => {
    const made = join(project.project.root, 'made');
    mkdirSync(made);
    for (const name of ['a.txt', 'b.txt']) writeFileSync(join(made, name), name);
    const first = await filed.run();
    expect(statuses(await filed.run())).toEqual(['cached']);
    rmSync(join(pathOf(first, 'files'), 'b.txt'));
    expect(statuses(await filed.run())).toEqual(['completed']);
  });
});

it.each<[string, (path: string) => void]>([
  ['is gone', (path) => rmSync(path)],
  ['has another size', (path) => truncateSync(path, 1)],
])('a run that goes on runs a step anew whose output %s, and keeps the others', async (_how, damage) => {
  let isMended = false;
  const rest = step('rest', async ({ sum, of }: { sum: number; of: { list: number[] } }) => {
    if (!isMended) throw new Error('not yet');
    return sum + of.list.length;
  });
  const all = pipeline('all', () => {
    const of = source();
    return rest({ sum: total({ of }), of });
  });
  const first = await all.run({}, { name: 'first', cache: false });
  damage(pathOf(first, 'source'));
  isMended = true;
  const second = await resumeRun('first', { pipeline: all });
  expect([second.status, second.result, second.error]).toEqual(['completed', 9, null]);
  expect(Object.values(second.steps).map(({ attempt }) => attempt)).toEqual([2, 1, 2]);
});

it('an output that is damaged but of the same size is found out when it is loaded, with what to do', async () => {
  const first = await totals.run();
  const path = pathOf(first, 'source');
  writeFileSync(path, readFileSync(path, 'utf8').replace('1', '7'));
  rmSync(pathOf(first, 'total'));
  const { steps } = await totals.run();
  expect(steps['source']!.status).toBe('cached');
  expect(steps['total']!.error).toMatchObject({ name: 'INPUT_NOT_LOADABLE', message: expect.stringContaining('Run the pipeline with --no-cache') }); // prettier-ignore
  const anew = await totals.run({}, { cache: false });
  expect([anew.status, anew.result]).toEqual(['completed', 6]);
});

it('an array that is damaged and mapped over is told as damaged, with what to do, and not as no array', async () => {
  const each = step('each', { cache: false }, async ({ n }: { n: number }) => n);
  const mapped = pipeline('mapped', () => void each.map({ n: list() }));
  const path = pathOf(await mapped.run(), 'list');
  writeFileSync(path, readFileSync(path, 'utf8').replace('1', '7'));
  const { steps } = await mapped.run();
  const message = /^input "n" of step "each" cannot be loaded: .* is damaged: .*Run the pipeline with --no-cache/;
  expect(steps['each']!.error).toMatchObject({ name: 'INPUT_NOT_LOADABLE', message: expect.stringMatching(message) });
});

it('a condition that is damaged fails the steps that it decides on, and no others', async () => {
  const beside = step('beside', { cache: false }, () => new Promise<number>((resolve) => setTimeout(resolve, 100, 2)));
  const choice = pipeline('choice', () => ({ beside: beside(), chosen: when(isGood(), { then: () => branch() }) }));
  const first = await choice.run();
  const path = pathOf(first, 'isGood');
  writeFileSync(path, readFileSync(path, 'utf8').replace('true', 'nope'));
  const { status, steps } = await choice.run();
  expect([status, steps['isGood']!.status, steps['beside']!.status]).toEqual(['failed', 'cached', 'completed']);
  expect(steps['branch']!.error).toMatchObject({ name: 'INPUT_NOT_LOADABLE', message: expect.stringContaining('Run the pipeline with --no-cache') }); // prettier-ignore
});

it('a store whose bytes lie on no file of this host is believed', () => {
  const outputs = [{ key: 'a', size: 1 }] as never;
  expect(hasItsBytes({ outputs }, {} as ArtifactStore)).toBe(true);
  expect(hasItsBytes({ outputs }, { localPath: () => undefined } as unknown as ArtifactStore)).toBe(true);
  expect(hasItsBytes({ outputs }, { localPath: () => '/nowhere/a' } as unknown as ArtifactStore)).toBe(false);
});
