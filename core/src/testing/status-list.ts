import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import type { PipelineRun } from '../client/pipeline-run.ts';
import type { CrashProject } from './crash-project.ts';
import { exists } from './script-project.ts';
import { STATUS_ROWS, STATUS_SCRIPTS } from './status-rows.ts';
import { toldByStore, type ToldRuns } from './told-runs.ts';

/** `look.mjs NAME ...`: looks, delivers what was left, and gives the runs. */
const LOOK = `
import { Client } from '@mortise/core';
const names = process.argv.slice(2);
const client = new Client();
for (const name of names) await client.getPipelineRun(name);
const left = (await client.deliver()).filter(({ left }) => left > 0);
if (left.length > 0) throw new Error(left.map(({ left, reason }) => left + ' tracker runs are left: ' + reason).join());
const runs = [];
for (const name of names) runs.push(await client.getPipelineRun(name));
await client.close();
console.log(JSON.stringify(runs));
`;

const CACHED = `
import { activeRun, pipeline, step } from '@mortise/core';
const known = step('known', { experimentTracker: true }, async () => { activeRun().logMetrics({ before: 1 }); return 1; });
const twice = pipeline('cached', () => { known(); });
await twice.run({}, { name: 'cached-first' });
await twice.run({}, { name: 'cached' });
`;

/** A tracker of the project's only stack, and what it says of runs. */
export interface ToldPlace {
  project: CrashProject;
  /** What the tracker tells of a pipeline run and its attempts. */
  toldBy(run: PipelineRun): Promise<ToldRuns>;
  end?(): Promise<void>;
}

interface StatusList {
  open(): Promise<ToldPlace>;
  /** Where steps run; default: in the process of the run and in one of their own. */
  isolations?: readonly ('inline' | 'process')[];
  /** What the tracker cannot tell of what the store knows: takes it out of both. */
  asFarAsTold?(told: ToldRuns): ToldRuns;
}

/** Registers a test for each way in which a step may end: the tracker tells what the store does. */
export function testStatusList({ open, isolations = ['inline', 'process'], asFarAsTold = (told) => told }: StatusList): void {
  let place: ToldPlace;
  beforeAll(async () => {
    place = await open();
    for (const [file, source] of Object.entries({ ...STATUS_SCRIPTS, 'look.mjs': LOOK, 'cached.mjs': CACHED }))
      place.project.scripts.write(file, source);
  });
  afterAll(async () => {
    await place?.project.end();
    await place?.end?.();
  });

  const look = async (...names: string[]) => place.project.json<PipelineRun[]>('look.mjs', {}, names);
  const lookAt = async (name: string) => (await look(name))[0]!;

  /** Expects that the tracker tells of a run and its attempts what the store does; gives the statuses that the store has. */
  async function expectTold(run: PipelineRun): Promise<Record<string, string[]>> {
    const known = toldByStore(run);
    expect(asFarAsTold(await place.toldBy(run))).toEqual(asFarAsTold(known));
    return statusesOf(known);
  }

  describe.each(isolations)('isolation: %s', (isolation) => {
    let runs: PipelineRun[];
    beforeAll(async () => {
      const { code, text } = await place.project.scripts.start('rows.ts', [], {}, [isolation]).ended;
      expect({ code, text }).toEqual({ code: 0, text: '' });
      runs = await look(...Object.keys(STATUS_ROWS).map((row) => `${row}-${isolation}`));
    });

    test.each(Object.keys(STATUS_ROWS))('%s', async (row) => {
      const run = runs.find(({ name }) => name === `${row}-${isolation}`)!;
      expect(await expectTold(run)).toEqual(STATUS_ROWS[row]);
    });

    const stopped = async (name: string, stop: (pid: number) => void) => {
      const script = place.project.scripts.start('stop.ts', [], {}, [isolation, name]);
      await script.prints('step begins');
      stop(script.child.pid!);
      const end = await script.ended;
      while (exists(script.child.pid!)) await delay(10);
      return end;
    };

    test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s', async (signal) => {
      const name = `${signal}-${isolation}`;
      expect(await stopped(name, (pid) => process.kill(pid, signal))).toMatchObject({ signal });
      const run = await lookAt(name);
      const status = signal === 'SIGKILL' ? 'failed' : 'killed';
      expect(await expectTold(run)).toEqual({ run: [status], waits: [status] });
    });

    test('cancelled by another process', async () => {
      const name = `cancelled-${isolation}`;
      await stopped(name, () => void place.project.client.cancelRun(name));
      expect(await expectTold(await lookAt(name))).toEqual({ run: ['killed'], waits: ['killed'] });
    });
  });

  test('a cached step has the address of the tracker run that it comes from', async () => {
    const { code, text } = await place.project.scripts.start('cached.mjs').ended;
    expect({ code, text }).toEqual({ code: 0, text: '' });
    const [run, first] = (await look('cached', 'cached-first')) as [PipelineRun, PipelineRun];
    expect(run.steps['known']!.cached).toBe(true);
    expect(run.steps['known']!.runMetadata['experiment_tracker_url']).toEqual(first.steps['known']!.runMetadata['experiment_tracker_url']);
    expect(await expectTold(run)).toEqual({});
    expect(await expectTold(first)).toEqual({ run: ['completed'], known: ['completed'] });
  });
}

/** Attempts by step, as the status list has them. */
function statusesOf(told: ToldRuns): Record<string, string[]> {
  const statuses: Record<string, string[]> = {};
  for (const label of Object.keys(told).sort()) (statuses[label.split(' ')[0]!] ??= []).push(...told[label]!.map(({ status }) => status));
  return statuses;
}
