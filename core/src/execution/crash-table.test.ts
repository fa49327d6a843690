import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { PipelineRun } from '../client/pipeline-run.ts';
import type { CrashPlace } from '../testing/crash-places.ts';
import {
  CRASH_RUN,
  crashPipeline,
  crashRow,
  LOSSES,
  statusesOfSteps,
  type CrashRow,
  type End,
  type Isolation,
} from '../testing/crash-pipeline.ts';
import { CrashProject } from '../testing/crash-project.ts';
import { pathsOfVersions, storedFiles } from '../testing/stored-versions.ts';
import { FileTracker } from '../testing/file-tracker.ts';
import { isRunning } from '../testing/script-project.ts';
import type { Outcome } from '../tracking/experiment-tracker.ts';
import { trackerRunKey } from '../tracking/tracker-run-key.ts';

/** The next look, delivery, and the same again after resuming. */
const AFTER = `
import { readdirSync } from 'node:fs';
import { Client, resumeRun } from '@mortise/core';
const client = new Client();
const look = () => client.getPipelineRun(process.env.RUN);
const swept = await look();
const points = 'mid' in swept.steps ? await client.metricHistory(process.env.RUN, 'mid', 'loss') : [];
const deliver = async () => (await client.deliver()).flatMap(({ left, reason }) => (left > 0 ? [reason] : []));
const left = await deliver();
const delivered = await look();
const known = [...readdirSync('filed'), ...readdirSync('.mortise', { recursive: true })].join(' ');
let resumed = null, result = null;
if (swept.status !== 'completed') {
  ({ result } = await resumeRun(process.env.RUN, { isolation: process.env.ISOLATION }));
  left.push(...(await deliver()));
  resumed = await look();
}
await client.close();
console.log(JSON.stringify({ swept, left, delivered, known, points: points.map(({ value }) => value), resumed, result }));
`;

interface After {
  swept: PipelineRun;
  /** Why something could not be delivered. */
  left: string[];
  delivered: PipelineRun;
  /** Names of all files before it was resumed. */
  known: string;
  points: number[];
  /** null: it had completed. */
  resumed: PipelineRun | null;
  result: unknown;
}

let project: CrashProject;
beforeAll(async () => {
  project = await CrashProject.open();
  project.scripts.write('table.mjs', crashPipeline('table', ['default', 'filed']));
  project.scripts.write('run.mjs', CRASH_RUN);
  project.scripts.write('after.mjs', AFTER);
  project.scripts.write('deliver.mjs', DELIVER);
});
afterAll(() => project.end());

const PLACE_NAMES: CrashPlace[] = [
  'before the start',
  'after the open',
  'in the function',
  'while bytes are stored',
  'before the commit',
  'before a delivery',
  'after a delivery',
  'before the close',
  'after the close',
  'after the end of the run',
];

const keyOf = (runId: string, attempt: number, component: string): string => trackerRunKey({ runId, stepId: 'mid', attempt, component });

/** What the server of the tracker `filed` holds of an attempt of `mid`. */
function filed(runId: string, attempt: number): { ends: Outcome['status'][]; losses: number[] } | undefined {
  const run = new FileTracker(join(project.root, 'filed')).run(keyOf(runId, attempt, 'filed'));
  if (run === undefined) return undefined;
  const losses = run.events.flatMap((event) => (event.kind === 'metrics' ? [event.values['loss']!] : []));
  return { losses, ends: [...new Set(run.closes.map(({ outcome }) => outcome.status))] };
}

/** What the local tracker's file says of an attempt of `mid`. */
function summary(run: PipelineRun, attempt: number): { status: string; metrics: Record<string, number> } | undefined {
  const url = run.steps['mid']?.attempts[attempt - 1]?.trackerRuns.find(({ component }) => component === 'default')?.url;
  return url ? (JSON.parse(readFileSync(fileURLToPath(url), 'utf8')) as { status: string; metrics: Record<string, number> }) : undefined;
}

function expectTracked(run: PipelineRun, attempt: number, status: End): void {
  expect(filed(run.id, attempt)).toEqual({ losses: LOSSES, ends: [status] });
  expect(summary(run, attempt)).toMatchObject({ status, metrics: { loss: LOSSES.length - 1 } });
  const trackers = run.steps['mid']!.attempts[attempt - 1]!.trackerRuns.map((each) => [each.component, each.status, each.delivered]);
  expect(trackers).toEqual([['default', status, true], ['filed', status, true]]); // prettier-ignore
}

/** What a look, delivery and resuming find, and that it is what the table says. */
async function expectRow(name: string, isolation: Isolation, row: CrashRow): Promise<After> {
  const after = await project.json<After>('after.mjs', { RUN: name, ISOLATION: isolation });
  const { swept, left, delivered, known, points, resumed, result } = after;
  expect({ run: swept.status, steps: statusesOfSteps(swept) }).toEqual({ run: row.run, steps: row.steps });
  for (const [id, { status, outputs }] of Object.entries(swept.steps))
    expect({ id, outputs: Object.keys(outputs) }).toEqual({ id, outputs: status === 'completed' ? ['output'] : [] });
  expect(left).toEqual([]);
  expect(points).toEqual(row.tracker === undefined ? [] : LOSSES);
  if (row.tracker !== undefined) expectTracked(delivered, 1, row.tracker);
  else for (const component of ['default', 'filed']) expect(known).not.toContain(keyOf(swept.id, 1, component));
  const calls = project.scripts.lines(`calls-${name}`);
  expect(calls.filter((call) => call === 'load')).toHaveLength(1);
  expect(calls.filter((call) => call === 'mid')).toHaveLength(row.calls);
  if (resumed === null) return after;
  expect({ status: resumed.status, steps: statusesOfSteps(resumed), result }).toEqual({
    status: 'completed',
    steps: { load: 'completed', mid: 'completed', last: 'completed' },
    result: 20,
  });
  expectTracked(resumed, resumed.steps['mid']!.attempt, 'completed');
  const parent = trackerRunKey({ runId: resumed.id, attempt: 0, component: 'filed' });
  expect(new FileTracker(join(project.root, 'filed')).run(parent)!.closes.at(-1)!.outcome).toEqual({ status: 'completed' });
  return after;
}

let runs = 0;

describe.each(['inline', 'process'] as const)('a run whose steps run in isolation "%s"', (isolation) => {
  describe.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
    it.each(PLACE_NAMES)('%s', async (place) => {
      const name = `run-${++runs}`;
      const script = await project.startUntil(place, 'run.mjs', { RUN: name, ISOLATION: isolation });
      if (place.endsWith('the close')) while (!project.scripts.lines(`calls-${name}`).includes('last')) await delay(5);
      script.child.kill(signal);
      expect((await script.ended).signal).toBe(signal);
      await expectRow(name, isolation, crashRow(place, signal === 'SIGKILL'));
      expect(isRunning(script.pid)).toBe(false);
    });
  });
});

describe('a step process that is killed alone', () => {
  it.each(['in the function', 'while bytes are stored', 'before the commit'] as const)('%s', async (place) => {
    const name = `run-${++runs}`;
    const script = await project.startUntil(place, 'run.mjs', { RUN: name, ISOLATION: 'process' });
    expect(script.pid).not.toBe(script.child.pid);
    process.kill(script.pid, 'SIGKILL');
    expect(await script.ended).toMatchObject({ code: 0, text: expect.stringMatching(/failed\n$/) });
    const steps = { load: 'completed', mid: 'failed', last: 'skipped' };
    const { swept } = await expectRow(name, 'process', { run: 'failed', steps, tracker: 'failed', calls: 2 });
    expect(swept.steps['mid']!.error!.name).toBe('STEP_PROCESS_DIED');
  });
});

const DELIVER = `
import { Client } from '@mortise/core';
const client = new Client();
await client.deliver();
await client.close();
`;

describe('a process that delivers what another one left', () => {
  it.each(['before a delivery', 'after a delivery', 'before the close', 'after the close'] as const)('and is killed: %s', async (place) => {
    const name = `run-${++runs}`;
    const script = await project.startUntil('before a delivery', 'run.mjs', { RUN: name, ISOLATION: 'inline' });
    script.child.kill('SIGKILL');
    await script.ended;
    const later = await project.startUntil(place, 'deliver.mjs', {});
    later.child.kill('SIGKILL');
    expect((await later.ended).signal).toBe('SIGKILL');
    await expectRow(name, 'inline', crashRow('before a delivery', true));
  });
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a second signal (%s) ends the process at once, and what it left is delivered later', async (second, code) => {
  const name = `run-${++runs}`;
  const script = await project.startUntil('before the close', 'run.mjs', {
    ...{ RUN: name, ISOLATION: 'inline', CRASH_STAYS: '1', TRACKER_TIMEOUT_MS: '120000' },
  });
  while (!project.scripts.lines(`calls-${name}`).includes('last')) await delay(5);
  script.child.kill('SIGTERM');
  while ((await project.client.getPipelineRun(name)).status !== 'killed') await delay(20);
  // Sooner it would be taken for the same.
  await delay(300);
  const signalled = Date.now();
  script.child.kill(second);
  expect((await script.ended).code).toBe(code);
  expect(Date.now() - signalled).toBeLessThan(30_000);
  await expectRow(name, 'inline', crashRow('before the close', false));
});

describe('after all that', () => {
  it('every version has its bytes, and garbage collection leaves no others', async () => {
    const paths = await pathsOfVersions(project.client);
    expect(paths.filter((path) => path.includes('/mid.'))).toHaveLength(runs);
    await project.client.collectGarbage();
    expect(storedFiles(join(project.root, '.mortise', 'artifacts'))).toEqual(paths.sort());
  });
});
