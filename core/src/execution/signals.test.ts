import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;

beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

/** Starts a script whose step says `ready` and then never ends, sends it signals, and gives how it ended. */
async function stopped(
  name: string,
  signals: NodeJS.Signals[],
  step = 'await new Promise((r) => setTimeout(r, 60_000));',
): Promise<{ code: number | null; signal: string | null }> {
  const file = join(project.project.root, `${name}.ts`);
  writeFileSync(
    file,
    `import { pipeline, step } from '@mortise/core';
const wait = step('wait', { experimentTracker: true }, async () => { process.stdout.write('ready'); ${step} });
const next = step('next', async () => 1);
await pipeline('${name}', () => { next(undefined, { after: [wait()] }); }).run({}, { name: '${name}' });
process.stdout.write('went on');
`,
  );
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: project.project.root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('exit', (code, signal) => resolve({ code, signal })),
  );
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  for (const signal of signals) {
    child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return ended;
}

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  const name = `stop-${signal.toLowerCase()}`;

  it('ends the run, its step and its tracker run as killed, and then the process as it would have', async () => {
    expect(await stopped(name, [signal])).toEqual({ code: null, signal });
    const run = await new Client().getPipelineRun(name);
    expect(run.status).toBe('killed');
    expect(run.error!.message).toContain(signal);
    expect(run.steps['wait']!.status).toBe('killed');
    expect(run.steps['next']).toMatchObject({ status: 'skipped' });
    const [trackerRun] = run.steps['wait']!.attempts[0]!.trackerRuns;
    expect(JSON.parse(readFileSync(fileURLToPath(trackerRun!.url!), 'utf8'))).toMatchObject({ status: 'killed' });
  });
});

it.each<[string, NodeJS.Signals]>([
  ['a signal that comes twice at once, as `timeout` and other starters send it, is one', 'SIGTERM'],
  ['what a starter asks for on the signal that a terminal has sent to both is one with it', 'SIGINT'],
])('%s', async (_, first) => {
  const slow = `const end = Date.now() + 300; await new Promise((r) => setTimeout(r, 300)); while (Date.now() < end + 100);`;
  const name = `twice-${first.toLowerCase()}`;
  const file = join(project.project.root, `${name}.ts`);
  writeFileSync(
    file,
    `import { pipeline, step } from '@mortise/core';
const wait = step('wait', { cache: false, onEnd: async () => { ${slow} } }, async () => { process.stdout.write('ready'); await new Promise((r) => setTimeout(r, 60_000)); });
await pipeline('twice', () => { wait(); }).run({}, { name: '${name}' });
`,
  );
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: project.project.root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<unknown>((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  child.kill(first);
  await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGTERM');
  expect(await ended).toEqual({ code: null, signal: first });
  expect((await new Client().getPipelineRun(name)).error!.message).toContain(`killed (${first})`);
});

it('a signal also stops the run that begins while an earlier one is still ending', async () => {
  const file = join(project.project.root, 'lanes.ts');
  writeFileSync(
    file,
    `import { pipeline, step } from '@mortise/core';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const short = step('short', { cache: false }, async () => { process.stdout.write('ready'); await sleep(60_000); });
const slow = step('slow', { cache: false, onEnd: () => lanes }, async () => { process.stdout.write('ready'); await sleep(60_000); });
const lane = async () => { for (let i = 0; i < 2; i++) await pipeline('short', () => { short(); }).run({}, { name: 'lane-' + i }); };
const lanes = lane();
await Promise.all([lanes, pipeline('slow', () => { slow(); }).run()]);
`,
  );
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: project.project.root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  let text = '';
  await new Promise<void>((resolve) => child.stdout.on('data', (part: Buffer) => (text += part.toString()) === 'readyready' && resolve()));
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  for (const name of ['lane-0', 'lane-1']) expect((await new Client().getPipelineRun(name)).status).toBe('killed');
});

it('a signal is heard between steps that compute without a pause', async () => {
  const file = join(project.project.root, 'busy.ts');
  writeFileSync(
    file,
    `import fs, { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
// A disk so quick that nobody waits for it.
fs.fsyncSync = fs.fdatasyncSync = () => undefined;
syncBuiltinESMExports();
const { pipeline, step } = await import('@mortise/core');
const list = step('list', { cache: false }, () => Array.from({ length: 60 }, (_, index) => index));
const each = step('each', { cache: false }, ({ index }: { index: number }) => {
  if (index === 0) process.stdout.write('ready');
  for (const end = performance.now() + 70; performance.now() < end;);
  appendFileSync('ran.txt', 'x');
});
await pipeline('busy', () => { each.map({ index: list() }); }).run({}, { name: 'busy', concurrency: 4 });
`,
  );
  const child = spawn(process.execPath, ['--no-warnings', file], { cwd: project.project.root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<string | null>((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
  expect((await new Client().getPipelineRun('busy')).status).toBe('killed');
  // Those that had begun, and some more while it was on its way.
  expect(readFileSync(join(project.project.root, 'ran.txt')).length).toBeLessThanOrEqual(12);
});
