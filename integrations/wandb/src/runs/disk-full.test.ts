import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { scriptProject, type ScriptProject } from '../../../../core/src/testing/script-project.ts';
import { FILL, mayMount, onSmallDisk } from '../../../../core/src/testing/small-disk.ts';

const PACKAGES = fileURLToPath(new URL('../../..', import.meta.url));

let project: ScriptProject;
beforeEach(async () => {
  project = await scriptProject();
  for (const name of ['wandb', 'wandb-client']) symlinkSync(join(PACKAGES, name), join(project.root, 'node_modules/@mortise', name), 'dir');
  project.write(
    'init.mjs',
    `
import { Client, initProject } from '@mortise/core';
await initProject(import.meta.dirname);
await using client = new Client();
await client.registerFlavor({ type: 'experiment-tracker', source: '@mortise/wandb' });
await client.registerComponent({ type: 'experiment-tracker', name: 'wandb', flavor: 'wandb', config: { mode: 'offline', dir: import.meta.dirname + '/tracked' } });
await client.registerStack('wandb', { orchestrator: 'default', 'artifact-store': 'default', 'experiment-tracker': 'wandb' });
await client.setActiveStack('wandb');`,
  );
});
afterEach(() => project.remove());

interface Told {
  end: { status: string; warnings: string[] };
  /** What stood in the way while the disk was full. */
  failed: string[];
  /** `_step` of each row. */
  steps: number[];
  printed: string[];
  outputLog: string[];
  /** Lengths. */
  notes: number[];
  /** How many ends the logs have, and how often that of the step says how far it came. */
  exits: number;
  marks: number;
}

/** Runs a pipeline whose only step is `body`, with its W&B runs on a small disk. */
async function tracked(name: string, body: string, { before = '', size = '16m' } = {}): Promise<Told> {
  project.write(
    `${name}.mjs`,
    `
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, Client, pipeline, step } from '@mortise/core';
import { readTransactionLog } from '@mortise/wandb-client';
${FILL}
const disk = import.meta.dirname + '/tracked';
const failed = [];
let logged = 0;
const log = (times) => { for (let i = 0; i < times; i++, logged++) activeRun().logMetrics({ x: logged }, { step: logged }); };
/** Makes room again once it was missed for a while. */
const roomLater = async () => {
  await using client = new Client();
  for (let tries = 0; tries < 100 && failed.length === 0; tries++) {
    await delay(50);
    const { steps, trackerRuns } = await client.getPipelineRun('${name}');
    const errors = [...trackerRuns, ...steps.full.attempts[0].trackerRuns].flatMap(({ error }) => error ?? []);
    failed.push(...new Set(errors));
  }
  await delay(500);
  for (const file of globSync(disk + '/filler*')) rmSync(file);
};
${before}
const full = step('full', { experimentTracker: true, cache: false }, async () => { ${body} });
const { status, warnings } = await pipeline('p', () => { full(); }).run({}, { name: '${name}', trackerTimeoutMs: 10_000 });
const told = { end: { status, warnings }, failed, steps: [], printed: [], outputLog: [], notes: [], exits: 0, marks: 0 };
for (const path of globSync(disk + '/wandb/offline-run-*/run-*.wandb')) {
  const records = await Array.fromAsync(readTransactionLog(path));
  told.exits += records.filter(({ kind }) => kind === 'exit').length;
  if (!records.some(({ kind }) => kind === 'history')) continue;
  told.steps.push(...records.filter(({ kind }) => kind === 'history').map(({ row }) => row._step));
  told.printed.push(...records.filter(({ kind }) => kind === 'output').map(({ text }) => text.trimEnd()));
  told.notes.push(...records.filter(({ run }) => run?.notes !== undefined).map(({ run }) => run.notes.length));
  told.marks += records.filter(({ kind, update }) => kind === 'summary' && update.some(({ path }) => path[0] === '_mortise')).length;
  const outputLog = path.replace(/run-[^/]*\\.wandb$/, 'files/output.log');
  if (existsSync(outputLog)) told.outputLog.push(...readFileSync(outputLog, 'utf8').split('\\n').slice(0, -1));
}
console.log('\\n' + JSON.stringify(told));`,
  );
  const [init, run] = await onSmallDisk(project, { folder: 'tracked', size }, ['init.mjs', `${name}.mjs`]);
  expect(init).toMatchObject({ code: 0, stderr: '' });
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(run!.stdout.trimEnd().split('\n').at(-1)!) as Told;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

(mayMount() ? describe : describe.skip)('an offline run whose disk is full (only where the user may mount one)', () => {
  it('goes on in the same process when there is room again, and has each row once', async () => {
    const { end, failed, steps, marks } = await tracked(
      'rows',
      `log(3); await activeRun().native(); fill(disk); log(300); await roomLater(); log(3);`,
    );
    expect(end).toEqual({ status: 'completed', warnings: [] });
    expect(failed).toEqual([expect.stringContaining('ENOSPC')]);
    expect(steps).toEqual(upTo(306));
    expect(marks).toBeLessThanOrEqual(4);
  });

  it('has each line once, in its log and in the file for people', async () => {
    const print = `const print = (from, to) => { for (let i = from; i < to; i++) console.log('line ' + i + ' ' + 'x'.repeat(90)); };`;
    const { end, failed, printed, outputLog } = await tracked(
      'lines',
      `${print} log(3); print(0, 3); await delay(500); fill(disk, 10_000); print(3, 200); await roomLater(); print(200, 203);`,
    );
    expect(end).toEqual({ status: 'completed', warnings: [] });
    expect(failed).toEqual([expect.stringContaining('ENOSPC')]);
    expect(printed).toEqual(upTo(203).map((i) => `line ${i} ${'x'.repeat(90)}`));
    expect(outputLog).toEqual(printed);
  });

  it('has more than a buffer holds of what came meanwhile', async () => {
    const { end, failed, steps, notes } = await tracked(
      'much',
      `await activeRun().native(); fill(disk, 100_000); log(500); activeRun().setNote('n'.repeat(1_500_000)); log(1_500); await roomLater();`,
    );
    expect(end).toEqual({ status: 'completed', warnings: [] });
    expect(failed).toEqual([expect.stringContaining('ENOSPC')]);
    expect(steps).toEqual(upTo(2_000));
    expect(notes).toEqual([1_500_000]);
  });

  it('comes to its one end when there is room again', async () => {
    const { end, failed, steps, exits } = await tracked(
      'ends',
      `log(3); await activeRun().native(); fill(disk); log(300); void roomLater();`,
    );
    expect(end).toEqual({ status: 'completed', warnings: [] });
    expect(failed).toEqual([expect.stringContaining('ENOSPC')]);
    expect({ steps, exits }).toEqual({ steps: upTo(303), exits: 2 });
  });

  it('begins when there is room for its folder', async () => {
    const { end, failed, steps } = await tracked('begins', 'log(3); await roomLater(); log(3);', {
      before: `try { for (let i = 0; ; i++) writeFileSync(disk + '/filler' + i, ''); } catch {}`,
      size: '16m,nr_inodes=20',
    });
    expect(end).toEqual({ status: 'completed', warnings: [] });
    expect(failed).toEqual([expect.stringContaining('ENOSPC')]);
    expect(steps).toEqual(upTo(6));
  });
});
