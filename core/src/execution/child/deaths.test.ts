import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../../index.ts';
import { childrenOf, exists, isRunning, scriptProject, type ScriptProject } from '../../testing/script-project.ts';

let project: ScriptProject;

beforeAll(async () => {
  project = await scriptProject();
});
afterAll(() => project.remove());

const IMPORT = `import { activeRun, pipeline, step } from '@mortise/core';\n`;
const AWAY = `{ cache: false, isolation: 'process', experimentTracker: true }`;

describe('a step process that ends before its step', () => {
  it.each([
    ['process.exit(3)', 'exited with code 3'],
    [`process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined);`, 'was killed by SIGKILL'],
    ['process.abort()', 'was killed by SIGABRT'],
  ])('fails that step alone, with how it ended: %s', async (death, how) => {
    project.write(
      'death.ts',
      `${IMPORT}
const dies = step('dies', ${AWAY}, async () => { ${death} });
const lives = step('lives', ${AWAY}, async () => { await new Promise((resolve) => setTimeout(resolve, 300)); return 1; });
const run = await pipeline('death', () => { dies(); lives(); }).run();
const { dies: { error, attempts }, lives: { status } } = run.steps as Record<string, (typeof run.steps)[string]>;
console.log(JSON.stringify({ error, status, run: run.status, tracker: attempts[0]!.trackerRuns[0]!.status }));`,
    );
    const seen = await project.json<{ error: { name: string; message: string } }>('death.ts');
    expect(seen).toMatchObject({ error: { name: 'STEP_PROCESS_DIED' }, status: 'completed', run: 'failed', tracker: 'failed' });
    expect(seen.error.message).toContain(`the process of step "dies" ${how}`);
  });

  it('fails that step also where the run is stopped while its retry waits for another process', async () => {
    project.write(
      'waiting.ts',
      `${IMPORT}
const dies = step('dies', { ...${AWAY}, retry: { retries: 1 } }, async () => { process.exit(3) });
const stop = new AbortController();
const told: string[] = [];
const onStep = ({ status }: { status: string }) => {
  told.push(status);
  if (status === 'retrying') setTimeout(() => stop.abort(), 10);
};
const run = await pipeline('waiting', () => { dies(); }).run({}, { signal: stop.signal, onStep });
const attempts = run.steps['dies']!.attempts.map(({ status, trackerRuns }) => [status, ...trackerRuns.map(({ supersededBy }) => supersededBy)]);
console.log(JSON.stringify({ run: run.status, told, attempts }));`,
    );
    expect(await project.json('waiting.ts')).toEqual({
      run: 'killed',
      told: ['running', 'retrying', 'failed'],
      attempts: [['failed', null]],
    });
  });

  it('is replaced: the retry completes, and everything logged before the end is there', async () => {
    project.write(
      'retry.ts',
      `${IMPORT}
const flaky = step('flaky', { ...${AWAY}, retry: { retries: 1 } }, async () => {
  activeRun().logMetric('loss', 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  for (let i = 1; i < 500; i++) activeRun().logMetric('loss', i);
  if (activeRun().attempt === 1) process.kill(process.pid, 'SIGKILL');
  return process.pid;
});
await pipeline('retry', () => flaky()).run({}, { name: 'retry' });
console.log('[]');`,
    );
    await project.json('retry.ts');
    const client = new Client();
    const { attempts, status } = (await client.getPipelineRun('retry')).steps['flaky']!;
    expect(status).toBe('completed');
    expect(attempts.map((each) => each.status)).toEqual(['failed', 'completed']);
    expect(attempts.map(({ trackerRuns: [run] }) => [run!.status, run!.delivered])).toEqual([
      ['failed', true],
      ['completed', true],
    ]);
    const file = readFileSync(fileURLToPath(attempts[0]!.trackerRuns[0]!.url!), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ status: 'failed', metrics: { loss: 499 } });
    expect(await client.metricHistory('retry', 'flaky', 'loss')).toHaveLength(500);
  });

  it('has printed all that it was to print', async () => {
    project.write(
      'last-words.ts',
      `${IMPORT}
const talks = step('talks', ${AWAY}, () => {
  console.log('x'.repeat(2_000_000));
  console.error('y'.repeat(1_000_000));
  console.log('the end');
  process.exit(3);
});
await pipeline('last-words', () => talks()).run({}, { name: 'last-words' });`,
    );
    await project.run('last-words.ts');
    const printed = { out: '', err: '' };
    for await (const { stream, text } of new Client().stepLogs('last-words')) printed[stream] += text;
    expect([printed.out.length, printed.out.slice(-8), printed.err.length]).toEqual([2_000_009, 'the end\n', 1_000_001]);
  });

  it('says so when its memory did not suffice', async () => {
    project.write(
      'heap-steps.ts',
      `${IMPORT}
const fills = step('fills', { cache: false }, () => { const all = []; for (;;) all.push(new Array(1000).fill(Math.random())); });
const small = step('small', { cache: false }, () => 1);
export const p = pipeline('heap', () => { fills(); small(); });`,
    );
    project.write(
      'heap.ts',
      `import { Client } from '@mortise/core';
import { p } from './heap-steps.ts';
await using client = new Client();
await client.registerComponent({ type: 'orchestrator', name: 'small', flavor: 'local', config: { isolation: 'process', memoryMb: 64 } });
await client.registerStack('small', { orchestrator: 'small', 'artifact-store': 'default' });
const { steps } = await p.run({}, { stack: 'small' });
console.log(JSON.stringify({ error: steps['fills']!.error!.message, small: steps['small']!.status }));`,
    );
    const { error, small } = await project.json<{ error: string; small: string }>('heap.ts');
    expect(error).toMatch(/^the process of step "fills" ran out of memory \(limit 64 MB\)\. Set memoryMb of the orchestrator higher/);
    expect(small).toBe('completed');
  });
});

describe('a step process whose run was killed', () => {
  it('logs nothing after others may have read its log to the end: what a call has returned for is kept', async () => {
    project.write(
      'left.ts',
      `${IMPORT}import { existsSync, writeFileSync } from 'node:fs';
const spins = step('spins', ${AWAY}, () => {
  process.stdout.write('pid ' + process.pid + '\\n');
  while (!existsSync('goes-on'));
  activeRun().logMetric('loss', 1);
  writeFileSync('logged', '');
  for (;;);
});
await pipeline('left', () => { spins(); }).run({}, { name: 'left' });`,
    );
    let pid = 0;
    await project.run('left.ts', {
      onOutput(text, { pid: parent }) {
        pid = Number(/pid (\d+)/.exec(text)?.[1] ?? pid);
        if (pid > 0) process.kill(parent!, 'SIGKILL');
      },
    });
    await using client = new Client();
    expect((await client.getPipelineRun('left')).status).toBe('failed');
    writeFileSync(join(project.root, 'goes-on'), '');
    while (isRunning(pid)) await pause(10);
    const logged = existsSync(join(project.root, 'logged')) ? 1 : 0;
    const kept = (await client.getPipelineRun('left')).steps['spins']!.tracker.metrics['loss']?.count ?? 0;
    expect({ logged, kept }).toEqual({ logged, kept: logged });
  });
});

describe('a step process that is to stop', () => {
  it('is killed when the time of its step is up, even if that never pauses', async () => {
    project.write(
      'late.ts',
      `${IMPORT}
const spins = step('spins', { ...${AWAY}, timeoutMs: 3_000, retry: { retries: 1 } }, () => {
  activeRun().logMetric('loss', 1);
  if (activeRun().attempt === 1) for (;;);
  return process.pid;
});
const began = Date.now();
const run = await pipeline('late', () => spins()).run();
const [first, second] = run.steps['spins']!.attempts;
const took = Date.parse(first!.endedAt!) - Date.parse(first!.startedAt);
console.log(JSON.stringify({ took, error: first!.error!.message, second: second!.status, tracker: first!.trackerRuns[0]!.status, all: Date.now() - began }));`,
    );
    const seen = await project.json<{ took: number; all: number }>('late.ts');
    expect(seen).toMatchObject({ error: 'step "spins" took longer than 3000 ms', second: 'completed', tracker: 'failed' });
    expect(seen.took).toBeGreaterThanOrEqual(3_000 - 2);
  });

  it('has all that it logged until it heard of it at its tracker too', async () => {
    project.write(
      'busy.ts',
      `${IMPORT}
const busy = step('busy', { cache: false, isolation: 'process', experimentTracker: true, timeoutMs: 1_000 }, () => {
  const end = Date.now() + 1_200;
  for (let i = 0; Date.now() < end; i++) { activeRun().logMetric('loss', i); for (const next = Date.now() + 10; Date.now() < next;); }
});
const run = await pipeline('busy', () => { busy(); }).run();
const { error, attempts, tracker } = run.steps['busy']!;
console.log(JSON.stringify({ error: error!.name, here: tracker.metrics['loss'], url: attempts[0]!.trackerRuns[0]!.url }));`,
    );
    const { error, here, url } = await project.json<{ error: string; here: { last: number }; url: string }>('busy.ts');
    expect(error).toBe('STEP_TIMEOUT');
    const there = JSON.parse(readFileSync(fileURLToPath(url), 'utf8')) as { metrics: { loss: number } };
    expect(there.metrics.loss).toBe(here.last);
  });

  it('hears it first by its signal', async () => {
    project.write(
      'heeds.ts',
      `${IMPORT}import { writeFileSync } from 'node:fs';
const heeds = step('heeds', { ...${AWAY}, timeoutMs: 1_000 }, () => new Promise((resolve) => {
  const { signal } = activeRun();
  const heed = () => { writeFileSync('heeded', signal.reason.code); resolve(1); };
  if (signal.aborted) heed();
  else signal.addEventListener('abort', heed);
}));
await pipeline('heeds', () => { heeds(); }).run();
const { readFileSync } = await import('node:fs');
console.log(JSON.stringify([readFileSync('heeded', 'utf8')]));`,
    );
    expect(await project.json('heeds.ts')).toEqual(['STEP_TIMEOUT']);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with its run at %s, also when it got the signal itself', async (signal) => {
    const name = `stopped-${signal}`;
    project.write(
      'stopped.ts',
      `${IMPORT}
const spins = step('spins', ${AWAY}, () => { activeRun().logMetric('loss', 1); process.stdout.write('pid ' + process.pid + '\\n'); for (;;); });
const next = step('next', () => 1);
await pipeline('stopped', () => { next({}, { after: [spins()] }); }).run({}, { name: '${name}' });`,
    );
    let pid = 0;
    const { signal: by } = await project.run('stopped.ts', {
      onOutput(text, { pid: parent }) {
        const [, found] = /pid (\d+)/.exec(text) ?? [];
        if (found === undefined) return;
        pid = Number(found);
        process.kill(pid, signal);
        setTimeout(() => process.kill(parent!, signal), 200);
      },
    });
    expect(by).toBe(signal);
    expect(exists(pid)).toBe(false);
    const run = await new Client().getPipelineRun(name);
    expect([run.status, run.steps['spins']!.status, run.steps['next']!.status]).toEqual(['killed', 'killed', 'skipped']);
    expect(run.steps['spins']!.tracker.metrics['loss']!.count).toBe(1);
    expect(run.steps['spins']!.attempts[0]!.trackerRuns[0]).toMatchObject({ status: 'killed', delivered: true });
  });

  it('ends when the process of its run is killed, even if it never pauses', async () => {
    project.write(
      'orphan.ts',
      `${IMPORT}
const spins = step('spins', ${AWAY}, () => { for (;;); });
const waits = step('waits', ${AWAY}, () => new Promise((resolve) => setTimeout(resolve, 60_000)));
void pipeline('orphan', () => { spins(); waits(); }).run({}, { onStep: ({ step, status }) => console.log(step + ' ' + status) });`,
    );
    let children: number[] = [];
    let output = '';
    await project.run('orphan.ts', {
      onOutput(text, { pid }) {
        output += text;
        if (!output.includes('spins running') || !output.includes('waits running') || children.length > 0) return;
        children = childrenOf(pid!);
        setTimeout(() => process.kill(pid!, 'SIGKILL'), 300);
      },
    });
    expect(children).toHaveLength(2);
    for (const end = Date.now() + 60_000; Date.now() < end && children.some(exists);) await pause(20);
    expect(children.filter(exists)).toEqual([]);
  });

  it('keeps no program waiting for what its step has started and left running', async () => {
    project.write(
      'daemon.ts',
      `${IMPORT}import { spawn } from 'node:child_process';
const starts = step('starts', ${AWAY}, () => {
  const daemon = spawn('sleep', ['20'], { detached: true, stdio: 'inherit' });
  daemon.unref();
  return daemon.pid!;
});
console.log(JSON.stringify({ pid: (await pipeline('daemon', () => starts()).run()).result }));`,
    );
    const begun = performance.now();
    const { pid } = await project.json<{ pid: number }>('daemon.ts');
    expect(performance.now() - begun).toBeLessThan(15_000);
    process.kill(pid, 'SIGKILL');
  });

  it('is gone when its run has ended', async () => {
    project.write(
      'over.ts',
      `${IMPORT}
const pid = step('pid', { cache: false, isolation: 'process' }, () => process.pid);
const run = await pipeline('over', () => pid()).run();
let there = true;
try { process.kill(run.result!, 0); } catch { there = false; }
console.log(JSON.stringify({ there }));`,
    );
    expect(await project.json('over.ts')).toEqual({ there: false });
  });
});
