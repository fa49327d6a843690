import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client, type PipelineRun } from '../index.ts';
import type { TrackerRunView } from '../client/pipeline-run.ts';
import { STATUS_ROWS, STATUS_SCRIPTS, type Ended } from '../testing/status-rows.ts';
import { exists, scriptProject, type ScriptEnd, type ScriptProject } from '../testing/script-project.ts';

let project: ScriptProject;
const client = new Client();
beforeAll(async () => {
  project = await scriptProject();
  for (const [file, source] of Object.entries(STATUS_SCRIPTS)) project.write(file, source);
});
afterAll(async () => {
  await client.close();
  project.remove();
});

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
  });

  it.each(Object.keys(STATUS_ROWS))('after %s', async (row) => {
    expect(end).toMatchObject({ code: 0, stderr: '' });
    const run = await client.getPipelineRun(`${row}-${isolation}`);
    expect(ends(run)).toEqual({ store: STATUS_ROWS[row], tracker: STATUS_ROWS[row] });
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
    expect(await client.deliver()).toEqual([{ component: 'default', delivered: 2, left: 0, refused: [], reason: null, advice: null }]);
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
