import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { LoggedEvent, TrackerEvent, TrackerRunStart } from '@mortise/core';

import localTracker from './index.ts';
import { LocalTracker } from './local-tracker.ts';

// What every experiment tracker promises is in conformance.test.ts; here is what this one's file holds.
let folder: string;
let tracker: LocalTracker;
let warnings: string[];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'mortise-local-')), 'tracking');
  warnings = [];
  tracker = new LocalTracker(folder, { warn: (what) => void warnings.push(what) });
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const identity = { key: 'a'.repeat(32), runId: 'run', stepId: 'train', attempt: 1, parentKey: 'b'.repeat(32) };
const start: TrackerRunStart = { name: 'train', experiment: 'wines', group: 'wine-1', tags: { team: 'red' }, startedAt: 0, settings: {} };
const signal = new AbortController().signal;
const path = (): string => join(folder, `${identity.key}.json`);
const summary = (): Record<string, unknown> => JSON.parse(readFileSync(path(), 'utf8')) as Record<string, unknown>;
const events = (...logged: LoggedEvent[]): TrackerEvent[] =>
  logged.map((event, index) => ({ writer: 'w', seq: index + 1, at: 5, ...event }));

test('a run is a JSON file from the moment it is opened, and its URL is that of the file', async () => {
  const run = await tracker.open(identity, start);
  expect(fileURLToPath(run.ref.url!)).toBe(path());
  expect(run.native).toEqual({ path: path() });
  expect(summary()).toMatchObject({
    key: identity.key,
    name: 'train',
    group: 'wine-1',
    parent: identity.parentKey,
    status: 'running',
    error: null,
    startedAt: '1970-01-01T00:00:00.000Z',
    endedAt: null,
    params: {},
    metrics: {},
    tags: { team: 'red' },
    note: null,
    supersededBy: null,
  });
});

test('the file holds what was logged last, and how the run ended', async () => {
  const run = await tracker.open(identity, start);
  const receipt = await run.deliver(
    events(
      { kind: 'params', values: { lr: 0.1 } },
      { kind: 'metrics', values: { loss: 1, odd: Number.NaN }, step: 0 },
      { kind: 'metrics', values: { loss: 0.5 }, step: 1 },
      { kind: 'metrics', values: { 'val/loss': 0.7 }, step: 1 },
      { kind: 'tags', set: { a: '1', b: '2' } },
      { kind: 'tags', set: {}, remove: ['a'] },
      { kind: 'note', markdown: 'good' },
      { kind: 'artifact', path: 'model', uri: 'file:///m', sha256: 'ab', size: 1 },
      { kind: 'json', name: 'matrix', mime: 'application/json', value: [] },
      { kind: 'dataset', name: 'wine', digest: 'cd' },
      { kind: 'log', stream: 'out', text: 'hi' },
    ),
    signal,
  );
  expect(receipt).toEqual({ through: { w: 11 }, ref: run.ref });
  await run.close(
    { status: 'failed', error: { name: 'TypeError', message: 'no wine left', stack: 'at ...' } },
    1000,
    signal,
    'c'.repeat(32),
  );
  expect(summary()).toMatchObject({
    status: 'failed',
    error: { name: 'TypeError', message: 'no wine left' },
    supersededBy: 'c'.repeat(32),
    endedAt: '1970-01-01T00:00:01.000Z',
    params: { lr: 0.1 },
    metrics: { loss: 0.5, odd: 'NaN', 'val/loss': 0.7 },
    tags: { team: 'red', b: '2' },
    note: 'good',
    artifacts: { model: { uri: 'file:///m', sha256: 'ab', size: 1 } },
    documents: { matrix: 'application/json' },
    datasets: [{ name: 'wine', digest: 'cd' }],
  });
});

test('opened again it keeps what it began with, and nothing but its file is there', async () => {
  const first = await tracker.open(identity, start);
  const again = await new LocalTracker(folder, { warn: () => undefined }).open(identity, { ...start, name: 'other' });
  expect(again.ref).toEqual(first.ref);
  expect(summary()).toMatchObject({ name: 'train' });
  expect(readdirSync(folder)).toEqual([`${identity.key}.json`]);
});

test.each([
  ['empty', ''],
  ['as zeros', '\0'.repeat(64)],
  ['in part', '{"key": "aa'],
  ['as JSON of something else', 'null'],
  ['as an object of something else', '{}'],
])('a file that a power cut left %s is begun anew, which is said, and the run can be brought to its end', async (_, left) => {
  mkdirSync(folder);
  writeFileSync(path(), left);
  const run = await tracker.open(identity, start);
  expect(warnings).toEqual([expect.stringContaining(path())]);
  await run.deliver(events({ kind: 'params', values: { lr: 0.1 } }), signal);
  await run.close({ status: 'completed' }, 7, signal);
  expect(summary()).toMatchObject({ key: identity.key, name: 'train', status: 'completed', params: { lr: 0.1 } });
});

test('what comes right before the close is saved with it', async () => {
  const run = await tracker.open(identity, start);
  await run.deliver(events({ kind: 'params', values: { lr: 0.1 } }), signal, true);
  expect(summary()).toMatchObject({ params: {} });
  await run.close({ status: 'completed' }, 7, signal);
  expect(summary()).toMatchObject({ params: { lr: 0.1 } });
});

test('a run that was killed says why, and when', async () => {
  const run = await tracker.open(identity, start);
  await run.close({ status: 'killed', reason: 'SIGINT' }, 1, signal);
  expect(summary()).toMatchObject({ status: 'killed', error: { name: 'Killed', message: 'SIGINT' }, endedAt: '1970-01-01T00:00:00.001Z' });
});

test('a run that marks a cache hit says where the outputs are from', async () => {
  const run = await tracker.open(identity, start);
  await run.close({ status: 'cached', source: { runId: 'x', url: 'file:///x' } }, 1, signal);
  expect(summary()).toMatchObject({ status: 'cached', source: { runId: 'x', url: 'file:///x' } });
});

test('nothing is made before a run is opened', async () => {
  const { create } = await localTracker.load();
  await create({ scratch: folder } as never);
  expect(existsSync(folder)).toBe(false);
});
