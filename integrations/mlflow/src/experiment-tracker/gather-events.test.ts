import { beforeEach, expect, test } from '@jest/globals';
import type { LoggedEvent, TrackerEvent } from '@mortise/core';
import type { Run } from '@mortise/mlflow-client';

import { gatherEvents, type Gathered } from './gather-events.ts';
import { addToKnown, knownOf, type KnownOfRun } from './known-of-run.ts';

let known: KnownOfRun;
beforeEach(() => void (known = { params: new Map(), datasets: new Map(), infinite: new Set(), largest: new Set() }));

const events = (logged: LoggedEvent[]): TrackerEvent[] => logged.map((event, index) => ({ writer: 'w', seq: index + 1, at: 7, ...event }));
const gather = (...logged: LoggedEvent[]): Gathered => gatherEvents(events(logged), { known, noUploads: undefined });
/** Text that was cut inside an emoji. */
const CUT = 'cut \ud83d';
const artifact = { kind: 'artifact', path: 'a/b.bin', uri: 's3://x/b', sha256: 'ab', size: 3 } as const;

test('values of params are texts as JSON, texts as they are', () => {
  const { params } = gather({ kind: 'params', values: { lr: 0.1, layers: [1, 2], on: true, none: null, text: 'a "b"', empty: '' } });
  expect(Object.fromEntries(params.map(({ key, value }) => [key, value]))).toEqual({
    lr: '0.1',
    layers: '[1,2]',
    on: 'true',
    none: 'null',
    text: 'a "b"',
    empty: '',
  });
});

test('a param that is there is not sent again, and one that would change is refused while the others arrive', () => {
  known.params.set('lr', '0.1').set('depth', '3');
  const { params, refused } = gather({ kind: 'params', values: { lr: 0.2, depth: 3, layers: 4 } });
  expect(params).toEqual([{ key: 'layers', value: '4' }]);
  expect(refused).toEqual([{ writer: 'w', seq: 1, why: expect.stringContaining('"lr" is "0.1" and cannot be changed to "0.2"') }]);
});

test('of two values of one param in a batch the first counts and the second is refused', () => {
  const { params, refused } = gather({ kind: 'params', values: { lr: 1 } }, { kind: 'params', values: { lr: 2 } });
  expect(params).toEqual([{ key: 'lr', value: '1' }]);
  expect(refused.map(({ seq }) => seq)).toEqual([2]);
});

test('of a tag the last word counts', () => {
  const { tags } = gather(
    { kind: 'tags', set: { a: '1', b: '2' } },
    { kind: 'tags', set: { c: '3' }, remove: ['a'] },
    { kind: 'tags', set: { b: '4' } },
    { kind: 'note', markdown: '# good' },
  );
  expect([...tags]).toEqual([
    ['a', null],
    ['b', '4'],
    ['c', '3'],
    ['mlflow.note.content', '# good'],
  ]);
});

test.each<[string, LoggedEvent, string]>([
  ['a metric', { kind: 'metrics', values: { 'a@b': 1 }, step: 0 }, 'the metric "a@b" is no name for MLflow'],
  [
    'a metric whose name was cut inside an emoji',
    { kind: 'metrics', values: { [CUT]: 1 }, step: 0 },
    'the metric "cut \\ud83d" is no name',
  ],
  ['such a param', { kind: 'params', values: { p: CUT } }, 'the param "p" has half of a character'],
  ['such a tag', { kind: 'tags', set: { t: CUT } }, 'the tag "t" has half of a character'],
  ['to remove such a tag', { kind: 'tags', set: {}, remove: [CUT] }, 'the tag "cut \\ud83d" is no name'],
  ['such a data set', { kind: 'dataset', name: CUT }, 'the name of the dataset has half of a character'],
  ['a data set of such a digest', { kind: 'dataset', name: 'd', digest: CUT }, 'the digest of the dataset has half of a character'],
  ['a data set in such a context', { kind: 'dataset', name: 'd', context: CUT }, 'the context of the dataset has half of a character'],
  ['a tag that is too long', { kind: 'tags', set: { a: 'x'.repeat(8_001) } }, 'has 8001 characters, MLflow takes 8000'],
  ['a note that is too long', { kind: 'note', markdown: 'x'.repeat(8_001) }, 'the note has 8001 characters'],
  ['a tag of ours', { kind: 'tags', set: { 'mortise.end': 'FINISHED' } }, 'those of Mortise'],
  ['to remove a tag of ours', { kind: 'tags', set: {}, remove: ['mortise.key'] }, 'those of Mortise'],
])('%s is refused with the reason, and nothing of it is sent', (_what, event, why) => {
  const { metrics, params, tags, datasets, refused } = gather(event, { kind: 'metrics', values: { good: 1 }, step: 0 });
  expect(refused).toEqual([{ writer: 'w', seq: 1, why: expect.stringContaining(why) }]);
  expect({ metrics: metrics.map(({ key }) => key), params, tags: tags.size, datasets }).toEqual({
    metrics: ['good'],
    params: [],
    tags: 0,
    datasets: [],
  });
});

test('a note that was cut inside an emoji is kept, and so is JSON that holds such a text', () => {
  const { tags, params, refused } = gather({ kind: 'note', markdown: CUT }, { kind: 'params', values: { layers: [CUT] } });
  expect([...tags]).toEqual([['mlflow.note.content', 'cut \ufffd']]);
  expect(params).toEqual([{ key: 'layers', value: '["cut \\ud83d"]' }]);
  expect(refused).toEqual([]);
});

test('a long digest is not cut inside an emoji', () => {
  const { datasets } = gather({ kind: 'dataset', name: 'd', digest: `${'x'.repeat(35)}🍷` });
  expect(datasets.map(({ dataset }) => dataset)).toEqual([
    expect.objectContaining({ digest: `${'x'.repeat(35)}\ufffd`, tags: { 'mortise.digest': `${'x'.repeat(35)}🍷` } }),
  ]);
});

test('metrics with infinities are named in a tag, also those of earlier batches', () => {
  const first = gather({ kind: 'metrics', values: { a: Infinity, b: Number.NaN, c: 1 }, step: 0 });
  expect([...first.tags]).toEqual([['mortise.infinite', '["a"]']]);
  // What was not sent yet is told again.
  expect([...gather({ kind: 'metrics', values: { a: Infinity }, step: 0 }).tags]).toEqual([['mortise.infinite', '["a"]']]);
  addToKnown(known, first);
  expect([...gather({ kind: 'metrics', values: { a: -Infinity }, step: 1 }).tags]).toEqual([]);
  expect([...gather({ kind: 'metrics', values: { d: -Infinity }, step: 1 }).tags]).toEqual([['mortise.infinite', '["a","d"]']]);
});

test('metrics with the largest double, which MLflow cannot tell from infinity, are named in a tag of their own', () => {
  const first = gather({ kind: 'metrics', values: { a: Number.MAX_VALUE, b: Infinity, c: 1e308 }, step: 0 });
  expect(Object.fromEntries(first.tags)).toEqual({ 'mortise.infinite': '["b"]', 'mortise.largest': '["a"]' });
  addToKnown(known, first);
  expect([...gather({ kind: 'metrics', values: { a: -Number.MAX_VALUE }, step: 1 }).tags]).toEqual([]);
});

test('metrics with infinities that are too many for one tag are all named, in as many as it takes, of which each is JSON', () => {
  const names = Array.from({ length: 100 }, (_, index) => `${index}${'x'.repeat(200)}`);
  const tags: Record<string, string> = {};
  const told: string[][] = [];
  for (const from of [0, 30, 60]) {
    const values = Object.fromEntries(names.slice(from, from + 40).map((name) => [name, Infinity]));
    // Another process knows only what the run has at MLflow.
    known = knownOf({ params: {}, datasets: [], tags } as unknown as Run);
    const gathered = gather({ kind: 'metrics', values, step: 0 });
    told.push([...gathered.tags.keys()]);
    Object.assign(tags, Object.fromEntries(gathered.tags));
  }
  expect(told).toEqual([['mortise.infinite', 'mortise.infinite.2'], ['mortise.infinite.2'], ['mortise.infinite.2', 'mortise.infinite.3']]);
  for (const text of Object.values(tags)) expect(text.length).toBeLessThanOrEqual(8_000);
  expect(Object.values(tags).flatMap((text) => JSON.parse(text) as string[])).toEqual(names);
});

test('a dataset is sent once, and refused in another context, of which MLflow would keep one', () => {
  const wine = { kind: 'dataset', name: 'wine', digest: 'ab', context: 'train' } as const;
  const { datasets, refused } = gather(wine, wine, { ...wine, context: 'test' });
  expect(datasets).toHaveLength(1);
  expect(refused).toEqual([{ writer: 'w', seq: 3, why: expect.stringContaining('in the context "train"') }]);
});

test('where nothing can be uploaded, an artifact is a reference in a tag, and a document is refused', () => {
  const logged = events([artifact, { kind: 'json', name: 'matrix', mime: 'application/json', value: [] }]);
  const { tags, files, refused } = gatherEvents(logged, { known, noUploads: 'it keeps them elsewhere' });
  expect([...tags]).toEqual([['mortise.artifact.a/b.bin', '{"uri":"s3://x/b","sha256":"ab","size":3}']]);
  expect(files).toEqual([]);
  expect(refused).toEqual([{ writer: 'w', seq: 2, why: '"matrix" cannot be uploaded: it keeps them elsewhere' }]);
});
