import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { isError, Transient, type TrackerEvent, type TrackerRunRef } from '@mortise/core';

import { CsvTracker } from './csv-tracker.js';

// What every experiment tracker promises is in conformance.test.ts; here is what this one does besides.
const { signal } = new AbortController();
const identity = { key: 'ab'.repeat(16), runId: 'run', stepId: 'train', attempt: 1 };
const start = { name: 'train', experiment: 'wine', group: 'run', tags: {}, startedAt: 0, settings: {} };
const loss = (...steps: number[]): TrackerEvent[] =>
  steps.map((step) => ({ kind: 'metrics', writer: 'w', seq: step, at: 0, values: { loss: step / 8 }, step }));

describe('the CSV tracker', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'csv-tracker-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (known?: TrackerRunRef) => new CsvTracker(folder).open(identity, start, known, signal);

  it('writes what a spreadsheet can read', async () => {
    const run = await open();
    await run.deliver([...loss(1), { kind: 'params', writer: 'w', seq: 2, at: 1000, values: { lr: 0.1, name: 'a "good" one' } }], signal);
    const [header, , ...rows] = readFileSync(run.native, 'utf8').split('\n');
    assert.equal(header, 'time,kind,name,step,context,value');
    assert.deepEqual(rows, [
      '1970-01-01T00:00:00.000Z,metrics,loss,1,,0.125',
      '1970-01-01T00:00:01.000Z,params,lr,,,0.1',
      String.raw`1970-01-01T00:00:01.000Z,params,name,,,"""a \""good\"" one"""`,
      '',
    ]);
  });

  it('has once what was written, but not confirmed, before its process died', async () => {
    const first = await open();
    const { ref: stored } = await first.deliver(loss(1, 2), signal);
    await first.deliver(loss(3, 4), signal);
    const second = await open(stored);
    await second.deliver(loss(3, 4, 5), signal);
    const steps = readFileSync(second.native, 'utf8').matchAll(/metrics,loss,(\d)/g);
    assert.deepEqual(
      Array.from(steps, ([, step]) => Number(step)),
      [1, 2, 3, 4, 5],
    );
  });

  it('says so when its file has lost what was confirmed', async () => {
    const run = await open();
    const { ref } = await run.deliver(loss(1, 2), signal);
    truncateSync(run.native, 60);
    await assert.rejects(
      (await open(ref)).deliver(loss(3), signal),
      (error) => isError(error, Transient) && /bring it back/.test(error.message),
    );
  });
});
