import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Client } from '../index.ts';
import { COLLECTOR } from '../testing/collector-script.ts';
import { scriptProject, type ScriptEnd, type ScriptProject } from '../testing/script-project.ts';

let project: ScriptProject;
beforeAll(async () => {
  project = await scriptProject();
});
afterAll(() => project.remove());

const PROCESSES = 8;
/** Of each process. */
const RUNS = 12;
/** Of each run. */
const POINTS = 200;

/** `node runs.mjs NAME`: runs a pipeline again and again, whose steps log, hand over values, upload slowly, and are found in the cache from the second run on. */
const RUNNER = `
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, step, stream } from '@mortise/core';
const name = process.argv[2];
const source = step('source', async () => ({ rows: [1, 2, 3] }));
const train = step('train', { experimentTracker: true, cache: false }, async ({ data, n }) => {
  const run = activeRun();
  run.logParams({ n });
  for (let i = 0; i < ${POINTS}; i++) {
    run.logMetrics({ loss: n + i }, { step: i });
    if (i % 50 === 0) await delay(1);
  }
  return new Float64Array(2_000).fill(n * data.rows.length);
});
const dump = step('dump', { cache: false }, async ({ values }) => stream(async function* () {
  for (let i = 0; i < 4; i++) {
    await delay(5);
    yield new Uint8Array(values.buffer.slice(0, 4_000));
  }
}));
const score = step('score', { experimentTracker: true, cache: false }, async ({ values }) => {
  activeRun().logMetrics({ sum: values.reduce((a, b) => a + b, 0) });
  return values[0];
});
const busy = pipeline('busy', { params: { n: 0 } }, ({ n }) => {
  const values = train({ data: source(), n });
  return { dump: dump({ values }), score: score({ values }) };
});
for (let n = 1; n <= ${RUNS}; n++) {
  const { status, warnings, error, result } = await busy.run({ n }, { name: name + '-' + n, trackerTimeoutMs: 120_000 });
  if (status !== 'completed' || warnings.length > 0 || result.score !== n * 3) throw new Error(name + '-' + n + ': ' + JSON.stringify({ status, warnings, error }));
}
`;

/** Lists runs and artifacts until it is told to stop; prints how often. What it sees of a run that has ended is whole. */
const LISTER = `
import { existsSync } from 'node:fs';
import { Client } from '@mortise/core';
const client = new Client();
let times = 0;
for (; !existsSync('stop'); times++) {
  const { items } = await client.listRuns({ limit: 100 });
  await client.listArtifacts({ limit: 100 });
  const ended = items.filter((run) => run.status === 'completed');
  for (const { name } of ended.slice(0, 2)) {
    const { steps } = await client.getPipelineRun(name);
    if (steps.train.tracker.metrics.loss?.count !== ${POINTS}) throw new Error(name + ' has ' + JSON.stringify(steps.train.tracker.metrics));
  }
  const odd = items.find((run) => run.status !== 'completed' && run.status !== 'running');
  if (odd) throw new Error(odd.name + ' is ' + odd.status);
}
await client.close();
console.log(times);
`;

test('eight processes run pipelines while a ninth lists and a tenth collects garbage: nothing is lost, and nobody meets a lock', async () => {
  for (const [file, code] of Object.entries({ 'runs.mjs': RUNNER, 'list.mjs': LISTER, 'collect.mjs': COLLECTOR }))
    project.write(file, code);
  const watchers = ['list.mjs', 'collect.mjs'].map((file) => project.run(file));
  const quiet: ScriptEnd = { code: 0, signal: null, stdout: '', stderr: '' };
  const runners = Array.from({ length: PROCESSES }, (_, i) => project.run('runs.mjs', { args: [`process${i}`] }));
  const ends = await Promise.all(runners);
  writeFileSync(join(project.root, 'stop'), '');
  expect(ends).toEqual(runners.map(() => quiet));
  for (const { stdout, ...end } of await Promise.all(watchers)) {
    expect(end).toMatchObject({ code: 0, stderr: '' });
    expect(Number(stdout)).toBeGreaterThan(3);
  }

  const client = new Client();
  const { items } = await client.listRuns({ limit: 1_000 });
  expect(items.map(({ name }) => name).toSorted()).toEqual(
    Array.from({ length: PROCESSES * RUNS }, (_, i) => `process${i % PROCESSES}-${1 + Math.floor(i / PROCESSES)}`).toSorted(),
  );
  for (const { name } of items) {
    const n = Number(name.split('-')[1]);
    const { status, steps } = await client.getPipelineRun(name);
    expect(status).toBe('completed');
    expect(steps['train']!.tracker.metrics['loss']).toMatchObject({ count: POINTS, min: n, max: n + POINTS - 1, last: n + POINTS - 1 });
    expect(steps['score']!.tracker.metrics['sum']).toMatchObject({ last: n * 3 * 2_000 });
    for (const id of ['train', 'score']) {
      const [trackerRun] = steps[id]!.attempts[0]!.trackerRuns;
      expect(trackerRun).toMatchObject({ status: 'completed', delivered: true });
      expect(JSON.parse(readFileSync(fileURLToPath(trackerRun!.url!), 'utf8'))).toMatchObject({ status: 'completed' });
    }
    for (const { outputs } of Object.values(steps))
      for (const { artifact, version } of Object.values(outputs)) await (await client.getArtifactVersion(artifact, version)).load();
  }
  expect((await client.trackerStatus()).items).toMatchObject([{ trackerRuns: 0, events: 0, setAside: [] }]);
  await client.close();
});
