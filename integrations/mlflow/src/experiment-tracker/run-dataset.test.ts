import { expect, test } from '@jest/globals';

import { datasetRefusal, runDataset } from './run-dataset.ts';

const event = { kind: 'dataset', writer: 'w', seq: 1, at: 1, name: 'wine' } as const;

test('a dataset without a digest gets one that is the same each time, and another for another source or context', () => {
  const digests = [{}, { source: 'a.csv' }, { source: 'b.csv' }, { context: 'train' }].map(
    (facts) => runDataset({ ...event, ...facts }).digest,
  );
  expect(new Set(digests).size).toBe(4);
  expect(runDataset(event).digest).toBe(digests[0]);
  for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{8}$/);
});

test('a digest that is too long for MLflow is cut, and stands whole in a tag', () => {
  const digest = 'ab'.repeat(32);
  expect(runDataset({ ...event, digest })).toMatchObject({ digest: digest.slice(0, 36), tags: { 'mortise.digest': digest } });
  expect(runDataset({ ...event, digest: 'ab12' })).not.toHaveProperty('tags');
});

test.each([
  ['https://x.test/wine.csv', 'http', { url: 'https://x.test/wine.csv' }],
  ['s3://cellar/wine', 's3', { uri: 's3://cellar/wine' }],
  ['file:///wine.csv', 'local', { uri: 'file:///wine.csv' }],
  ['data/wine.csv', 'local', { uri: 'data/wine.csv' }],
  [undefined, 'code', { tags: {} }],
])('the source %s is told as MLflow tells its own', (source, sourceType, told) => {
  const dataset = runDataset({ ...event, ...(source !== undefined && { source }) });
  expect({ ...dataset, source: JSON.parse(dataset.source) as unknown }).toMatchObject({ sourceType, source: told });
});

test('what MLflow could not keep is refused with the reason', () => {
  expect(datasetRefusal({ ...event, name: 'n'.repeat(501) })).toContain('501 characters');
  expect(datasetRefusal({ ...event, source: 's'.repeat(65_530) })).toContain('source');
  expect(datasetRefusal(event)).toBeUndefined();
});
