import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { Client, type PipelineRun } from '../index.ts';
import type { TrackerRunView } from '../client/pipeline-run.ts';
import { exists, scriptProject, type ScriptEnd, type ScriptProject } from '../testing/script-project.ts';

jest.setTimeout(60_000);

let project: ScriptProject;
const client = new Client();
beforeAll(async () => {
  project = await scriptProject();
  project.write('steps.ts', STEPS);
  project.write('rows.ts', ROWS);
  project.write('stop.ts', STOP);
}, 60_000);
afterAll(async () => {
  await client.close();
  project.remove();
});

/** Every way in which a tracked step can end. `bad` and its kin are tracked, and cached only where that is the point. */
const STEPS = `
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, step } from '@mortise/core';
const tracked = { experimentTracker: true, cache: false } as const;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const log = (): void => activeRun().logMetrics({ before: 1 });

const good = step('good', tracked, async () => { log(); return 1; });
const bad = step('bad', tracked, async (): Promise<number> => { log(); throw new TypeError('boom'); });
const odd = step('odd', tracked, async () => { log(); return { deep: { call: () => 1 } }; });
const source = step('source', async () => [1, 2, 3]);
const use = step('use', tracked, async ({ list }: { list: number[] }) => list.length);
const twice = step('twice', { ...tracked, retry: { retries: 1 } }, async () => { log(); throw new Error('again ' + activeRun().attempt); });
const mends = step('mends', { ...tracked, retry: { retries: 2 } }, async () => { log(); if (activeRun().attempt === 1) throw new Error('not yet'); });
const slow = step('slow', { ...tracked, timeoutMs: 100 }, async () => { log(); await sleep(1_000); });
const strays = step('strays', tracked, async () => { log(); void sleep(50).then(() => { throw new Error('too late'); }); return 1; });
const waits = step('waits', tracked, async () => { log(); console.log('step begins'); await delay(60_000, undefined, { signal: activeRun().signal }); });
const lingers = step('lingers', tracked, async () => { log(); await sleep(300); return 2; });

export const rows = {
  success: pipeline('success', () => { good(); }),
  throw: pipeline('throw', () => { bad(); }),
  'failed-then-good': pipeline('failed-then-good', () => { bad(); good(); }),
  'output-not-storable': pipeline('output-not-storable', () => { odd(); }),
  'input-not-loadable': pipeline('input-not-loadable', () => { use({ list: source() }); }),
  'retries-used-up': pipeline('retries-used-up', () => { twice(); }),
  'retry-succeeds': pipeline('retry-succeeds', () => { mends(); }),
  timeout: pipeline('timeout', () => { slow(); }),
  'stray-after-return': pipeline('stray-after-return', () => { lingers(undefined, { after: [strays()] }); }),
};
export const stopped = pipeline('stopped', () => { waits(); });
`;

/** All that need nobody from outside: `node rows.ts ISOLATION`. */
const ROWS = `
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rows } from './steps.ts';
const isolation = process.argv[2] as 'inline' | 'process';
for (const [name, row] of Object.entries(rows)) {
  if (name === 'input-not-loadable') {
    const { steps } = await row.run({}, { isolation });
    const path = fileURLToPath((steps as Record<string, { outputs: Record<string, { uri: string }> }>)['source']!.outputs['output']!.uri);
    writeFileSync(path, readFileSync(path, 'utf8').replace('1', '7'));
  }
  await row.run({}, { name: name + '-' + isolation, isolation, concurrency: 1, executionMode: 'continue-on-failure' });
}
`;

/** `node stop.ts ISOLATION NAME`: its step says `step begins` and goes on for a minute unless it is stopped. */
const STOP = `
import { stopped } from './steps.ts';
const [isolation, name] = process.argv.slice(2) as ['inline' | 'process', string];
const { status } = await stopped.run({}, { name, isolation });
console.log('run ' + status);
`;

type Ended = 'completed' | 'failed' | 'killed';

/** What the tracker itself says of a tracker run: the file at the URL that it gave. */
const atTracker = ({ url }: TrackerRunView): Ended => (JSON.parse(readFileSync(fileURLToPath(url!), 'utf8')) as { status: Ended }).status;

/** How the run, and each attempt of its tracked steps, ended: in the store, and at the tracker. */
function ends(run: PipelineRun): { store: Record<string, string[]>; tracker: Record<string, string[]> } {
  const tracked = Object.entries(run.steps).filter(([, step]) => step.attempts.some(({ trackerRuns }) => trackerRuns.length > 0));
  const of = (status: (attempt: (typeof tracked)[0][1]['attempts'][0]) => string): [string, string[]][] =>
    tracked.map(([id, { attempts }]) => [id, attempts.map(status)]);
  return {
    store: { run: [run.status], ...Object.fromEntries(of(({ status }) => status)) },
    tracker: { run: run.trackerRuns.map(atTracker), ...Object.fromEntries(of(({ trackerRuns }) => trackerRuns.map(atTracker).join())) },
  };
}

const EXPECTED: Record<string, Record<string, Ended[]>> = {
  success: { run: ['completed'], good: ['completed'] },
  throw: { run: ['failed'], bad: ['failed'] },
  'failed-then-good': { run: ['failed'], bad: ['failed'], good: ['completed'] },
  'output-not-storable': { run: ['failed'], odd: ['failed'] },
  'input-not-loadable': { run: ['failed'], use: ['failed'] },
  'retries-used-up': { run: ['failed'], twice: ['failed', 'failed'] },
  'retry-succeeds': { run: ['completed'], mends: ['failed', 'completed'] },
  timeout: { run: ['failed'], slow: ['failed'] },
  'stray-after-return': { run: ['completed'], strays: ['completed'], lingers: ['completed'] },
};

/** Runs the step that never ends, and stops it once it has begun; gives how its process ended. */
async function stopped(isolation: string, name: string, stop: (pid: number) => Promise<unknown> | void): Promise<ScriptEnd> {
  let stopping: unknown;
  const ended = await project.run('stop.ts', {
    args: [isolation, name],
    onOutput: (text, { pid }) => {
      if (text.includes('step begins')) stopping = stop(pid!);
    },
  });
  await stopping;
  return ended;
}
const killed = { run: ['killed'], waits: ['killed'] };
const failed = { run: ['failed'], waits: ['failed'] };

describe.each(['inline', 'process'] as const)('the tracker says of a step (isolation: %s) what the store says', (isolation) => {
  let end: ScriptEnd;
  beforeAll(async () => {
    end = await project.run('rows.ts', { args: [isolation] });
  }, 60_000);

  it.each(Object.keys(EXPECTED))('after %s', async (row) => {
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const run = await client.getPipelineRun(`${row}-${isolation}`);
    expect(ends(run)).toEqual({ store: EXPECTED[row], tracker: EXPECTED[row] });
    for (const each of Object.values(run.steps))
      for (const { trackerRuns } of each.attempts) expect(trackerRuns.filter(({ delivered }) => !delivered)).toEqual([]);
    expect(run.warnings.join()).toMatch(row === 'stray-after-return' ? /step "strays".*too late/ : /^$/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('after %s', async (signal) => {
    const name = `${signal}-${isolation}`;
    expect(await stopped(isolation, name, (pid) => void process.kill(pid, signal))).toMatchObject({ code: null, signal });
    expect(ends(await client.getPipelineRun(name))).toEqual({ store: killed, tracker: killed });
  });

  it('after kill -9, once somebody has looked and what was left is delivered', async () => {
    const name = `SIGKILL-${isolation}`;
    let pid = 0;
    expect(await stopped(isolation, name, (of) => void process.kill((pid = of), 'SIGKILL'))).toMatchObject({ signal: 'SIGKILL' });
    while (exists(pid)) await delay(10);
    expect((await client.getPipelineRun(name)).status).toBe('failed');
    expect(await client.deliver()).toEqual([{ component: 'default', delivered: 2, left: 0, reason: null, advice: null }]);
    const run = await client.getPipelineRun(name);
    expect(ends(run)).toEqual({ store: failed, tracker: failed });
    expect(run.steps['waits']).toMatchObject({ error: { name: 'OWNER_DIED' }, tracker: { metrics: { before: { count: 1 } } } });
  });
});

it('the tracker says "killed" of a step that another process cancelled, as the store does', async () => {
  const cancelled = async (isolation: string): Promise<void> => {
    const name = `cancelled-${isolation}`;
    const ended = await stopped(isolation, name, () => client.cancelRun(name));
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('run killed') });
    expect(ends(await client.getPipelineRun(name))).toEqual({ store: killed, tracker: killed });
  };
  await Promise.all([cancelled('inline'), cancelled('process')]);
});
