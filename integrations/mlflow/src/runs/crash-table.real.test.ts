import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PipelineRun } from '@mortise/core';
import { canStart, sharedMlflow, type SharedMlflow } from '@mortise/test-servers';

import {
  CRASH_RUN,
  crashPipeline,
  crashRow,
  LOSSES,
  statusesOfSteps,
  type CrashRow,
  type Isolation,
} from '../../../../core/src/testing/crash-pipeline.ts';
import type { CrashPlace } from '../../../../core/src/testing/crash-places.ts';
import type { CrashProject } from '../../../../core/src/testing/crash-project.ts';
import { toldByStore, type ToldRuns } from '../../../../core/src/testing/told-runs.ts';
import { mlflowProject } from '../testing/mlflow-project.ts';

const TOLD = new URL('../testing/told-runs.ts', import.meta.url).href;

/** The next look and delivery, and again after resuming; each time with what MLflow says of the run then. */
const AFTER = `
import { Client, resumeRun } from '@mortise/core';
import { toldByMlflow } from ${JSON.stringify(TOLD)};
const { RUN, ISOLATION, SERVER, EXPERIMENT } = process.env;
const client = new Client();
const left = [];
const look = async () => {
  const run = await client.getPipelineRun(RUN);
  const losses = 'mid' in run.steps ? (await client.metricHistory(RUN, 'mid', 'loss')).map(({ value }) => value) : [];
  return { run, losses, told: await toldByMlflow(SERVER, { experiment: EXPERIMENT, runId: run.id }) };
};
const deliver = async () => left.push(...(await client.deliver()).flatMap(({ left, reason }) => (left > 0 ? [reason] : [])));
const swept = await client.getPipelineRun(RUN);
await deliver();
const delivered = await look();
let resumed = null;
if (swept.status !== 'completed') {
  const { result } = await resumeRun(RUN, { isolation: ISOLATION });
  await deliver();
  resumed = { ...(await look()), result };
}
await client.close();
console.log(JSON.stringify({ swept, left, delivered, resumed }));
`;

const DELIVER = `
import { Client } from '@mortise/core';
const client = new Client();
await client.deliver();
await client.close();
`;

/** A run, and what MLflow says of it. */
interface Look {
  run: PipelineRun;
  losses: number[];
  told: ToldRuns;
}

interface After {
  swept: PipelineRun;
  /** Why something could not be delivered. */
  left: string[];
  delivered: Look;
  /** null: it had completed. */
  resumed: (Look & { result: unknown }) | null;
}

/** Those where MLflow has, or may have, heard something else. */
const PLACES: CrashPlace[] = [
  'before the start',
  'after the open',
  'in the function',
  'before a delivery',
  'after a delivery',
  'before the close',
  'after the close',
  'after the end of the run',
];

(canStart('mlflow') ? describe : describe.skip)('a process that is killed, and a real MLflow server', () => {
  const experiment = `crash-${randomBytes(4).toString('hex')}`;
  let server: SharedMlflow;
  let project: CrashProject;
  beforeAll(async () => {
    server = await sharedMlflow();
    project = await mlflowProject({ trackingUri: server.url, experimentName: experiment });
    const files = { 'table.mjs': crashPipeline('table', ['team']), 'run.mjs': CRASH_RUN, 'after.mjs': AFTER, 'deliver.mjs': DELIVER };
    for (const [file, source] of Object.entries(files)) project.scripts.write(file, source);
  });
  afterAll(async () => {
    await project?.end();
    await server?.stop();
  });

  let runs = 0;

  async function killAt(place: CrashPlace, signal: NodeJS.Signals, isolation: Isolation): Promise<string> {
    const name = `run-${++runs}`;
    const script = await project.startUntil(place, 'run.mjs', { RUN: name, ISOLATION: isolation });
    if (place.endsWith('the close')) while (!project.scripts.lines(`calls-${name}`).includes('last')) await delay(5);
    script.child.kill(signal);
    expect((await script.ended).signal).toBe(signal);
    return name;
  }

  /** MLflow has one run for the pipeline run and for each attempt of `mid` that ran, which say what the store says, and every point once. */
  function expectTold({ run, told, losses }: Look, attempts: number): void {
    expect(told).toEqual(toldByStore(run));
    const labels = Object.keys(told).filter((label) => label !== 'run');
    expect(labels).toHaveLength(attempts);
    for (const label of labels) expect(told[label]).toMatchObject([{ parent: 'run', points: { loss: LOSSES.length } }]);
    expect(losses).toEqual(attempts === 0 ? [] : LOSSES);
  }

  async function expectRow(name: string, isolation: Isolation, row: CrashRow): Promise<void> {
    const env = { RUN: name, ISOLATION: isolation, SERVER: server.url, EXPERIMENT: experiment };
    const { swept, left, delivered, resumed } = await project.json<After>('after.mjs', env);
    expect({ run: swept.status, steps: statusesOfSteps(swept) }).toEqual({ run: row.run, steps: row.steps });
    expect(left).toEqual([]);
    expectTold(delivered, row.tracker === undefined ? 0 : 1);
    if (row.tracker !== undefined) expect(delivered.told['mid 1']).toMatchObject([{ status: row.tracker }]);
    expect(project.scripts.lines(`calls-${name}`).filter((call) => call === 'mid')).toHaveLength(row.calls);
    if (resumed === null) return;
    expect({ status: resumed.run.status, result: resumed.result }).toEqual({ status: 'completed', result: 20 });
    const { attempt } = resumed.run.steps['mid']!;
    expectTold(resumed, row.calls);
    expect(resumed.told).toMatchObject({
      run: [{ status: 'completed', error: null }],
      [`mid ${attempt}`]: [{ status: 'completed', error: null }],
    });
  }

  describe.each(['inline', 'process'] as const)('isolation: %s', (isolation) => {
    test.each(PLACES)('SIGKILL %s', async (place) => {
      await expectRow(await killAt(place, 'SIGKILL', isolation), isolation, crashRow(place, true));
    });

    test.each(['after the open', 'before a delivery', 'before the close'] as const)('SIGTERM %s', async (place) => {
      await expectRow(await killAt(place, 'SIGTERM', isolation), isolation, crashRow(place, false));
    });
  });

  test('a step process that is killed alone', async () => {
    const name = `run-${++runs}`;
    const script = await project.startUntil('in the function', 'run.mjs', { RUN: name, ISOLATION: 'process' });
    process.kill(script.pid, 'SIGKILL');
    expect(await script.ended).toMatchObject({ code: 0, text: expect.stringMatching(/failed\n$/) });
    const steps = { load: 'completed', mid: 'failed', last: 'skipped' };
    await expectRow(name, 'process', { run: 'failed', steps, tracker: 'failed', calls: 2 });
  });

  test.each(['after the open', 'after a delivery', 'before the close', 'after the close'] as const)(
    'a process that delivers what another one left, killed %s',
    async (place) => {
      const name = await killAt('before a delivery', 'SIGKILL', 'inline');
      const later = await project.startUntil(place, 'deliver.mjs', {});
      later.child.kill('SIGKILL');
      expect((await later.ended).signal).toBe('SIGKILL');
      await expectRow(name, 'inline', crashRow('before a delivery', true));
    },
  );
});
