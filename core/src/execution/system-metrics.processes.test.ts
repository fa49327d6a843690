import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../index.ts';
import { scriptProject, type ScriptProject } from '../testing/script-project.ts';

const CPU = 'system/cpu_utilization_percentage';
let project: ScriptProject;

beforeAll(async () => {
  project = await scriptProject();
  project.write(
    'trace.mjs',
    `import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    process.on('exit', () => console.log(JSON.stringify(loaded)));`,
  );
});
afterAll(() => project.remove());

const IMPORT = `import { pipeline, step } from '@mortise/core';
import { setTimeout as pause } from 'node:timers/promises';\n`;
/** Counts the threads of a process. To stand above the import of the packages. */
const COUNTED = `import wt from 'node:worker_threads';
import { syncBuiltinESMExports } from 'node:module';
const threads = { started: 0, ended: 0 };
const { Worker } = wt;
wt.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    threads.started++;
    this.on('exit', () => threads.ended++);
  }
};
syncBuiltinESMExports();`;

describe('a process with systemMetrics', () => {
  it('ends at once after its run, though its thread is still there', async () => {
    project.write(
      'ends.mjs',
      `${COUNTED}
const { pipeline, step } = await import('@mortise/core');
const { setTimeout: pause } = await import('node:timers/promises');
await pipeline('ends', { systemMetrics: { intervalMs: 500 } }, () => void step('one', () => pause(700))()).run();
process.on('exit', () => console.log(JSON.stringify(threads)));`,
    );
    expect(await project.json('ends.mjs')).toEqual({ started: 1, ended: 0 });
  });

  it('has one thread for all steps that want them, which ends soon after the last of them', async () => {
    project.write(
      'thread.mjs',
      `${COUNTED}
const { pipeline, step } = await import('@mortise/core');
const { setTimeout: pause } = await import('node:timers/promises');
const during = [];
const both = Promise.withResolvers();
const one = step('one', { systemMetrics: true }, async () => {
  if (during.push({ ...threads }) === 2) both.resolve();
  await both.promise;
});
await pipeline('thread', () => { one({}, { id: 'a' }); one({}, { id: 'b' }); }).run();
while (threads.ended === 0) await pause(20);
console.log(JSON.stringify([during[1], threads]));`,
    );
    expect(await project.json('thread.mjs')).toEqual([
      { started: 1, ended: 0 },
      { started: 1, ended: 1 },
    ]);
  });

  it('samples a step in a process of its own', async () => {
    project.write(
      'away.ts',
      `${IMPORT}
import { existsSync } from 'node:fs';
const one = step('one', { isolation: 'process', systemMetrics: { intervalMs: 500 } }, async () => { while (!existsSync('enough')) await pause(20); });
console.log(JSON.stringify({ status: (await pipeline('away', () => void one()).run({}, { name: 'away' })).status }));`,
    );
    const ended = project.json('away.ts');
    const client = new Client();
    const sampled = async (): Promise<number> => {
      const { items } = await client.listRuns({ name: 'away' });
      return items.length === 0 ? 0 : ((await client.getPipelineRun('away')).steps['one']?.tracker.metrics[CPU]?.count ?? 0);
    };
    while ((await sampled()) < 2) await pause(50);
    project.write('enough', '');
    expect(await ended).toEqual({ status: 'completed' });
    const run = await client.getPipelineRun('away');
    expect(run.steps['one']!.tracker.metrics[CPU]!.count).toBeGreaterThanOrEqual(2);
    expect(run.warnings).toEqual([]);
  });

  it.each([
    ['cannot be started', `wt.Worker = class { constructor() { throw new Error('no threads here'); } };`, 'no threads here'],
    [
      'dies',
      `const { Worker } = wt; wt.Worker = class extends Worker { constructor(_, o) { super("throw new Error('it died')", { ...o, eval: true }); } };`,
      'it died',
    ],
  ])('runs its steps without samples when the thread %s, and says so once, to those who debug', async (_, broken, reason) => {
    project.write(
      'broken.ts',
      `import wt from 'node:worker_threads';
import { syncBuiltinESMExports } from 'node:module';
process.env.MORTISE_DEBUG = '1';
${broken}
syncBuiltinESMExports();
const { pipeline, step } = await import('@mortise/core');
const { setTimeout: pause } = await import('node:timers/promises');
const one = step('one', { systemMetrics: true }, () => pause(400));
const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const run = await pipeline('broken', () => { ids.reduce((after, id) => [one({}, { id, after })], []); }).run();
const took = ({ attempts: [{ startedAt, endedAt }] }) => Date.parse(endedAt) - Date.parse(startedAt);
const [fastest] = Object.values(run.steps).map(took).sort((a, b) => a - b);
console.log(JSON.stringify({ status: run.status, warnings: run.warnings, metrics: run.steps.a.tracker.metrics, took: fastest }));`,
    );
    const { stdout, stderr } = await project.run('broken.ts');
    const { took, ...seen } = JSON.parse(stdout) as { took: number };
    expect(seen).toEqual({ status: 'completed', warnings: [], metrics: {} });
    // Whoever waited for a last sample would wait for half a second, in each step.
    expect(took).toBeLessThan(400 + 450);
    const said = stderr.split('\n').filter((line) => line.includes('system metrics'));
    expect(said).toEqual([expect.stringMatching(new RegExp(`^debug no system metrics: .*${reason}`))]);
  });
});

describe('what a process loads', () => {
  /** The files that the main thread loads for a run of this step. */
  function loadedFor(file: string, options: string): string[] {
    project.write(file, `${IMPORT}\nawait pipeline('loads', () => void step('one', ${options}, () => pause(400))()).run();`);
    const { stdout } = spawnSync(process.execPath, ['--no-warnings', '--import', './trace.mjs', join(project.root, file)], {
      cwd: project.root,
      encoding: 'utf8',
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as string[];
  }

  it('is nothing of system metrics for steps that do not want them, and never the library in its main thread', () => {
    const named = (text: string, urls: string[]): number => urls.filter((url) => url.includes(text)).length;
    const without = loadedFor('without.ts', '{ cache: false }');
    expect([named('system-metrics', without), named('systeminformation', without)]).toEqual([0, 0]);
    const withThem = loadedFor('with.ts', '{ cache: false, systemMetrics: true }');
    expect([named('system-metrics', withThem) > 0, named('systeminformation', withThem)]).toEqual([true, 0]);
  });
});
