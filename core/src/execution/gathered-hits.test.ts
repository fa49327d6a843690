import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { Client, pipeline, step } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => project.remove());

/** Where the steps of the run that is under way stand, as another program would see it. */
const statuses = async (run: string) =>
  Object.fromEntries(Object.entries((await new Client().getPipelineRun(run)).steps).map(([id, { status }]) => [id, status]));

// At the top level, because steps that a function makes are not cached.
const one = step('one', async () => 1);
const two = step('two', async ({ n }: { n: number }) => n + 1);
let seen: Record<string, string> = {};
const look = step('look', { cache: false }, async ({ run }: { run: string; n: number }) => {
  seen = await statuses(run);
});
const fail = step('fail', { cache: false }, async (_: { n: number }) => {
  throw new Error('boom');
});
const hits = pipeline('example', () => two({ n: one() }));
const looking = pipeline('example', { params: { run: '' } }, ({ run }) => {
  look({ run, n: two({ n: one() }) });
});
const failing = pipeline('example', () => {
  fail({ n: two({ n: one() }) });
});

describe('the cache hits of a run are recorded', () => {
  beforeEach(async () => {
    expect((await hits.run()).status).toBe('completed');
  });

  it('when it has ended', async () => {
    const again = await hits.run({}, { name: 'again' });
    expect(again.result).toBe(2);
    expect(await statuses('again')).toEqual({ one: 'cached', two: 'cached' });
    expect(again.steps['two']!.inputs).toEqual({ n: { artifact: 'example/one/output', version: 1 } });
  });

  it('when it has failed', async () => {
    expect((await failing.run({}, { name: 'failed' })).status).toBe('failed');
    expect(await statuses('failed')).toEqual({ one: 'cached', two: 'cached', fail: 'failed' });
  });

  it('before a step that is not cached begins', async () => {
    await looking.run({ run: 'watched' }, { name: 'watched' });
    expect(seen).toMatchObject({ one: 'cached', two: 'cached', look: 'running' });
  });
});
