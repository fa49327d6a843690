import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { Client } from '../index.ts';
import { scriptProject, type ScriptProject } from '../testing/script-project.ts';

let project: ScriptProject;
const client = new Client();
beforeAll(async () => {
  project = await scriptProject();
});
afterAll(async () => {
  await client.close();
  project.remove();
});

const IMPORT = `import { activeRun, pipeline, step } from '@mortise/core';\n`;

// In a process of its own the step dies with the process of the run.
it.each([
  ['inline', `process.kill(process.pid, 'SIGKILL');`],
  ['process', `const { pid } = process; process.kill(process.ppid, 'SIGKILL'); process.kill(pid, 'SIGKILL');`],
])('10,000 points of a loop that never yields are all there after kill -9 (isolation: %s)', async (isolation, die) => {
  const name = `loop-${isolation}`;
  project.write(
    `${name}.mjs`,
    `${IMPORT}
const loop = step('loop', { experimentTracker: true, cache: false, isolation: '${isolation}' }, () => {
  const run = activeRun();
  for (let i = 0; i < 10_000; i++) run.logMetrics({ loss: i / 2 }, { step: i });
  ${die}
  for (;;);
});
export const p = pipeline('${name}', () => { loop(); });
await p.run({}, { name: '${name}' });`,
  );
  expect(await project.run(`${name}.mjs`)).toMatchObject({ signal: 'SIGKILL', stderr: '' });

  const run = await client.getPipelineRun(name);
  expect(run).toMatchObject({ status: 'failed', error: { name: 'OWNER_DIED' } });
  expect(run.warnings).toEqual(['experiment tracker "default": 2 tracker runs not delivered yet']);
  const points = await client.metricHistory(name, 'loop', 'loss');
  expect(points.map(({ step, value }) => [step, value])).toEqual(Array.from({ length: 10_000 }, (_, i) => [i, i / 2]));
  expect(await client.deliver()).toMatchObject([{ left: 0, reason: null }]);
  const later = await client.getPipelineRun(name);
  expect(later.warnings).toEqual([]);
  const [trackerRun] = later.steps['loop']!.attempts[0]!.trackerRuns;
  expect(JSON.parse(readFileSync(fileURLToPath(trackerRun!.url!), 'utf8'))).toMatchObject({ status: 'failed', metrics: { loss: 4999.5 } });
});

it('100,000 calls of five metrics all arrive, in the store and at the tracker', async () => {
  project.write(
    'many.mjs',
    `${IMPORT}
const many = step('many', { experimentTracker: true, cache: false }, () => {
  const run = activeRun();
  for (let i = 0; i < 100_000; i++) run.logMetrics({ a: i, b: -i, c: i / 4, d: 1, e: i % 10 }, { step: i });
});
const { status, warnings } = await pipeline('many', () => { many(); }).run({}, { name: 'many' });
console.log(JSON.stringify({ status, warnings }));`,
  );
  expect(await project.json('many.mjs')).toEqual({ status: 'completed', warnings: [] });
  const { tracker, attempts } = (await client.getPipelineRun('many')).steps['many']!;
  const count = 100_000;
  expect(tracker.metrics).toEqual({
    a: { last: 99_999, lastStep: 99_999, min: 0, max: 99_999, count },
    b: { last: -99_999, lastStep: 99_999, min: -99_999, max: 0, count },
    c: { last: 24_999.75, lastStep: 99_999, min: 0, max: 24_999.75, count },
    d: { last: 1, lastStep: 99_999, min: 1, max: 1, count },
    e: { last: 9, lastStep: 99_999, min: 0, max: 9, count },
  });
  const [trackerRun] = attempts[0]!.trackerRuns;
  expect(trackerRun).toMatchObject({ status: 'completed', delivered: true });
  const metrics = { a: 99_999, b: -99_999, c: 24_999.75, d: 1, e: 9 };
  expect(JSON.parse(readFileSync(fileURLToPath(trackerRun!.url!), 'utf8'))).toMatchObject({ status: 'completed', metrics });
});
