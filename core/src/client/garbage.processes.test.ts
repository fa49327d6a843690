import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Client } from '../index.ts';
import { COLLECTOR } from '../testing/collector-script.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
const children: ChildProcess[] = [];
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  project.remove();
});

const RUNS = 25;

/** Runs a pipeline again and again: large and small outputs, streams, logged files, a step cached from earlier runs, one that fails. Deletes older runs. */
const WRITER = `
  import { activeRun, Client, pipeline, step, stream } from '@mortise/core';
  const source = step('source', async () => ({ rows: [1, 2, 3] }));
  const large = step('large', { experimentTracker: true }, async ({ n, data }) => {
    activeRun().logMetrics({ n }, { step: n });
    await activeRun().logArtifact(Buffer.from(String(n)), { path: 'notes.txt' });
    return new Float64Array(50_000).fill(n * data.rows.length);
  });
  const dump = step('dump', async ({ values }) => stream(async function* () {
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      yield new Uint8Array(values.buffer.slice(0, 80_000));
    }
  }));
  const size = step('size', async ({ dump }) => {
    let bytes = 0;
    for await (const chunk of dump) bytes += chunk.length;
    return bytes;
  });
  const half = step('half', { outputs: ['good', 'bad'] }, async ({ n }) => ({ good: [n], bad: n % 2 === 0 ? n : { fn() {} } }));
  const busy = pipeline('busy', { params: { n: 0 } }, ({ n }) => {
    const values = large({ n, data: source() });
    return { bytes: size({ dump: dump({ values }) }), values, half: half({ n }).good };
  });
  const client = new Client();
  for (let n = 1; n <= ${RUNS}; n++) {
    const run = await busy.run({ n }, { name: 'busy-' + n, executionMode: 'continue-on-failure' });
    const steps = Object.fromEntries(Object.entries(run.steps).map(([id, step]) => [id, step.error?.message ?? step.status]));
    const odd = n % 2 === 1;
    if (/completed/.test(steps.half) === odd) throw new Error('half: ' + steps.half);
    for (const id of ['large', 'dump', 'size']) if (steps[id] !== 'completed') throw new Error(n + ' ' + id + ': ' + steps[id]);
    if (n % 3 === 0) await client.deleteRun('busy-' + (n - 2));
  }
  await client.close();
`;

function start(name: string, code: string): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const script = join(project.project.root, name);
  writeFileSync(script, code);
  const child = spawn(process.execPath, ['--conditions=mortise-source', '--no-warnings', script], {
    cwd: project.project.root,
    stdio: 'pipe',
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

test('processes that run pipelines lose nothing while others collect garbage all the time, and nothing is left over', async () => {
  const writers = [start('a.mjs', WRITER), start('b.mjs', WRITER.replaceAll("'busy", "'other"))];
  const collectors = [start('c.mjs', COLLECTOR), start('d.mjs', COLLECTOR)];
  for (const { ended } of writers) expect(await ended).toEqual({ code: 0, output: '' });
  writeFileSync(join(project.project.root, 'stop'), '');
  for (const { ended } of collectors) {
    const { code, output } = await ended;
    expect({ code, output: output.replace(/\d+/, 'n') }).toEqual({ code: 0, output: 'n\n' });
    expect(Number(output)).toBeGreaterThan(5);
  }

  const client = new Client();
  await client.collectGarbage();
  const keys = new Set<string>();
  const { items: runs } = await client.listRuns({ limit: 1000 });
  for (const item of runs) {
    const { steps } = await client.getPipelineRun(item.id);
    const n = Number(item.name.split('-')[1]);
    for (const step of Object.values(steps))
      for (const output of Object.values(step.outputs)) {
        keys.add(fileURLToPath(output.uri!));
        expect(existsSync(fileURLToPath(output.uri!))).toBe(true);
      }
    const { artifact, version } = steps['large']!.outputs['output']!;
    const values = (await (await client.getArtifactVersion(artifact, version)).load()) as Float64Array;
    expect([values.length, values[0]]).toEqual([50_000, n * 3]);
    expect(steps['large']!.tracker.metrics['n']).toMatchObject({ last: n });
  }
  expect(runs).toHaveLength(2 * (RUNS - Math.floor(RUNS / 3)));
  const files = readdirSync(project.project.artifactsFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.filter((file) => !file.includes('/logged.')).sort()).toEqual([...keys].sort());
  expect(files.filter((file) => file.includes('/logged.'))).toHaveLength(runs.length);
  for (const { id } of runs) await client.deleteRun(id);
  await client.collectGarbage();
  await client.close();
  expect(readdirSync(project.project.artifactsFolder).filter((name) => !name.startsWith('.'))).toEqual([]);
});
