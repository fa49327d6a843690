import { existsSync, readFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import type { StepSpec } from '../pipeline/pipeline-spec.ts';
import { keepSecret } from '../secrets/kept-secrets.ts';
import { createdRun, producedVersion, sampleAttempt, sampleCommit, sampleRun, temporaryStore, WORKER } from '../testing/sample-store.ts';
import type { MetadataStore } from './metadata-store.ts';

const SECRET = 'tok-0a1b2c3d4e5f';
const told = `it was ${SECRET}`;
const error = { name: told, message: told, stack: told };
const outcome = { status: 'failed', error } as const;
let store: MetadataStore;
let path: string;
let remove: () => void;

beforeEach(async () => {
  keepSecret(SECRET);
  ({ store, path, remove } = await temporaryStore());
});
afterEach(() => remove());

function stored(): string {
  return ['', '-wal'].map((suffix) => (existsSync(path + suffix) ? readFileSync(path + suffix, 'latin1') : '')).join('');
}

const step: StepSpec = {
  id: 'train',
  name: 'train',
  module: 'wine.ts',
  inputs: {
    given: { value: told },
    list: { list: [{ value: told }] },
    either: { when: { from: 'a', output: 'b' }, then: { value: told } },
  },
  outputs: [],
  splitOutputs: false,
  after: [],
  when: [],
  options: {},
};

test('a run, its attempts, their outputs and their tracker runs hold no value of a secret, whoever wrote it there', async () => {
  const run = await createdRun(store, {
    params: { token: SECRET },
    tags: { [`t-${SECRET}`]: told },
    spec: { ...sampleRun().spec, params: { token: SECRET }, steps: [step] },
    environment: { ...sampleRun().environment, command: ['mortise', 'run', `--param=token=${SECRET}`] },
  });
  const attempt = sampleAttempt(run.id, 'train', {
    inputs: { given: { value: { deep: [told] } }, list: { list: [{ value: told }] } },
    trackers: [{ component: 'm', flavor: 'local' }],
  });
  const started = await store.startAttempt(attempt);
  const metadata = { note: { type: 'string', value: told } } as const;
  const versions = [producedVersion('wine/train/output', { metadata })];
  await store.commitAttempt(
    sampleCommit(attempt.id, started.fence, { runId: run.id, status: 'failed', error, metadata, versions, outcome }),
  );
  const trackerRun = started.trackerRuns[0]!.id;
  await store.updateTrackerRun({
    id: trackerRun,
    lastError: told,
    ref: { id: 'r1', url: `http://host/?t=${SECRET}`, ids: { a: told }, state: [told] },
    rejected: [{ writer: 'w', seq: 1, why: told }],
    metadata: { experiment_tracker_url: { type: 'uri', value: `http://host/?t=${SECRET}` } },
  });
  await store.putMetadata(run.id, metadata);
  await store.finishRun({ id: run.id, workerId: WORKER.id, status: 'failed', endedAt: 4_000, error, warnings: [told], outcome });
  await store.addWarnings(run.id, [`again ${told}`]);

  expect(stored()).not.toContain(SECRET);
  const read = (await store.run(run.id))!;
  expect(read).toMatchObject({
    name: run.name,
    params: { token: '***' },
    tags: { 't-***': 'it was ***' },
    error: { message: 'it was ***' },
    warnings: ['it was ***', 'again it was ***'],
    environment: { command: ['mortise', 'run', '--param=token=***'] },
    spec: { steps: [{ id: 'train', inputs: { given: { value: 'it was ***' } } }] },
  });
  const [attempted] = await store.stepRuns(run.id);
  expect(attempted).toMatchObject({
    id: attempt.id,
    error: { message: 'it was ***' },
    inputs: { given: { value: { deep: ['it was ***'] } } },
    trackerRuns: [{ lastError: 'it was ***', rejected: 1, ref: { id: 'r1', url: 'http://host/?t=***' } }],
  });
});

test('records keep their form, their words and their ids, though secrets be such words; what people said is masked', async () => {
  const words = [
    'status',
    'failed',
    'name',
    'message',
    'error',
    'kind',
    'values',
    'completed',
    'stack',
    'ids',
    'state',
    'source',
    'string',
    'type',
    'value',
    'date',
  ];
  for (const word of words) keepSecret(word);
  const date = { $mortise: 'date', value: '2026-01-01T00:00:00.000Z' };
  const run = await createdRun(store, { params: { name: 'the value', rate: 1 } });
  const attempt = sampleAttempt(run.id, 'fit', { inputs: { at: { value: date } }, trackers: [{ component: 'm', flavor: 'local' }] });
  const { fence, trackerRuns } = await store.startAttempt(attempt);
  const metadata = { name: { type: 'string', value: 'a value' } } as const;
  await store.commitAttempt(sampleCommit(attempt.id, fence, { runId: run.id, status: 'failed', error, metadata, outcome }));
  const ref = { id: 'status-1', url: 'http://host/status', ids: { name: 'x' }, state: { status: 123456 } };
  await store.updateTrackerRun({ id: trackerRuns[0]!.id, status: 'failed', ref });
  await store.finishRun({ id: run.id, workerId: WORKER.id, status: 'failed', endedAt: 4_000, error, warnings: ['it failed'], outcome });

  expect(await store.run(run.id)).toMatchObject({
    status: 'failed',
    params: { '***': 'the ***', rate: 1 },
    error: { message: 'it was ***' },
    warnings: ['it ***'],
  });
  expect((await store.stepRuns(run.id))[0]).toMatchObject({
    status: 'failed',
    inputs: { at: { value: date } },
    metadata: { name: { type: 'string', value: 'a ***' } },
    trackerRuns: [
      {
        status: 'failed',
        desired: { status: 'failed', error: { name: 'it was ***', message: 'it was ***' } },
        ref: { id: 'status-1', url: 'http://host/***', ids: { name: 'x' }, state: { status: 123456 } },
      },
    ],
  });
});

test('names and ids stay what they are, though a secret be such a name', async () => {
  keepSecret('train');
  const run = await createdRun(store, { pipeline: 'train', name: 'train' });
  const attempt = sampleAttempt(run.id, 'train', { trackers: [{ component: 'train', flavor: 'local' }] });
  await store.startAttempt(attempt);
  expect(await store.run('train')).toMatchObject({ id: run.id, pipeline: 'train' });
  expect((await store.stepRuns(run.id))[0]).toMatchObject({ stepId: 'train', trackerRuns: [{ component: 'train' }] });
});
