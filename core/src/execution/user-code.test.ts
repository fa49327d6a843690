import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../index.ts';
import type { LogOptions, StepLog } from '../client/step-logs.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

// Stray errors and output belong to a process: each script is one of its own.
let project: Awaited<ReturnType<typeof temporaryProject>>;

beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a script that may use `step` and `pipeline`, and whose run is called `name`. */
async function script(name: string, text: string): Promise<Ended> {
  const file = join(project.project.root, `${name}.ts`);
  writeFileSync(
    file,
    `import { pipeline, step } from '@mortise/core';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
${text}`,
  );
  const ended = promisify(execFile)(process.execPath, ['--no-warnings', file], { cwd: project.project.root });
  return ended.then(
    (output) => ({ code: 0, ...output }),
    (error: Ended) => error,
  );
}

const client = new Client();

async function logsOf(run: string, options?: LogOptions): Promise<StepLog[]> {
  const logs: StepLog[] = [];
  for await (const log of client.stepLogs(run, options)) logs.push(log);
  return logs;
}

describe('an error that nobody can catch', () => {
  it.each([
    ['a promise that nobody waits for', `void (async () => { await sleep(20); throw new Error('lost'); })();`],
    ['a timer', `setTimeout(() => { throw new Error('lost'); }, 20);`],
    [
      'an event handler',
      `const { EventEmitter } = await import('node:events'); setTimeout(() => new EventEmitter().emit('error', new Error('lost')), 20);`,
    ],
  ])('of %s fails the step that began it, and no other', async (what, stray) => {
    const name = `stray-${what.split(' ').at(1)}`;
    const { code, stdout } = await script(
      name,
      `const begun = Promise.withResolvers<void>();
const bad = step('bad', { experimentTracker: true, cache: false }, async () => { await begun.promise; ${stray} await sleep(2_000); return 1; });
const good = step('good', { experimentTracker: true, cache: false }, async () => { begun.resolve(); await sleep(200); return 2; });
const run = await pipeline('${name}', () => { bad(); good(); }).run({}, { name: '${name}' });
process.stdout.write(run.status);`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'failed' });
    const { steps } = await client.getPipelineRun(name);
    expect(steps['good']).toMatchObject({ status: 'completed' });
    expect(steps['bad']).toMatchObject({ status: 'failed', error: { message: 'lost' } });
    const [trackerRun] = steps['bad']!.attempts[0]!.trackerRuns;
    expect(JSON.parse(readFileSync(fileURLToPath(trackerRun!.url!), 'utf8'))).toMatchObject({
      status: 'failed',
      error: { message: 'lost' },
    });
  });

  it('is told as it is also where the code of a stream throws it, while that is being stored', async () => {
    const { stdout } = await script(
      'stray-stream',
      `import { activeRun, stream } from '@mortise/core';
const strays = step('strays', { cache: false }, async () => stream(async function* () {
  const { signal } = activeRun();
  yield Buffer.alloc(1000);
  setTimeout(() => { throw new RangeError('lost'); });
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}));
const run = await pipeline('stray-stream', () => { strays(); }).run();
process.stdout.write(JSON.stringify(run.steps['strays']!.error));`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ name: 'RangeError', message: 'lost' });
  });

  it.each(['inline', 'process'])('aborts the signal of its step, which may go on otherwise (isolation: %s)', async (isolation) => {
    const { stdout } = await script(
      `stray-signal-${isolation}`,
      `import { activeRun } from '@mortise/core';
const strays = step('strays', { cache: false, isolation: '${isolation}' }, async () => {
  activeRun().signal.addEventListener('abort', () => console.log('stops'));
  setTimeout(() => { throw new Error('lost'); });
  await sleep(5_000);
});
const last = step('last', { cache: false }, () => sleep(500));
await pipeline('stray-signal', () => { strays(); last(); }).run({}, { executionMode: 'continue-on-failure' });
process.exit();`,
    );
    expect(stdout).toBe('stops\n');
  });

  it.each([
    ['promise', `void Promise.reject(new Error('lost'));`, 'lost'],
    ['async-function', `void (async () => { await null; throw new Error('lost'); })();`, 'lost'],
    ['log-call', `void activeRun().logArtifact('nowhere.txt');`, 'logArtifact: there is no file nowhere.txt'],
  ])('of a %s that fails as its step returns, and that nobody waits for, fails that step', async (what, stray, message) => {
    for (const isolation of ['inline', 'process']) {
      const name = `stray-${what}-${isolation}`;
      const { code, stdout } = await script(
        name,
        `import { activeRun } from '@mortise/core';
const hasty = step('hasty', { cache: false, isolation: '${isolation}' }, async () => { activeRun(); ${stray} return 1; });
const p = pipeline('${name}', () => { hasty(); });
const run = await p.run({}, { name: '${name}' });
process.stdout.write(run.status);
process.exit();`,
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'failed' });
      expect((await client.getPipelineRun(name)).steps['hasty']).toMatchObject({ status: 'failed', error: { message } });
    }
  });

  it('after its step has ended is a warning of the run, which goes on', async () => {
    const { code, stdout } = await script(
      'stray-late',
      `const begun = Promise.withResolvers<void>();
const late = () => setTimeout(() => { throw new Error('too late'); }, 100);
const first = step('first', { cache: false }, async () => { void begun.promise.then(late); return 1; });
const second = step('second', { cache: false }, async () => { begun.resolve(); await sleep(300); return 2; });
const run = await pipeline('late', () => { second(undefined, { after: [first()] }); }).run({}, { name: 'stray-late' });
process.stdout.write(run.status);`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'completed' });
    const run = await client.getPipelineRun('stray-late');
    expect(run.steps['first']).toMatchObject({ status: 'completed' });
    expect(run.warnings.join()).toMatch(/step "first".*too late/);
  });

  it('after its run has ended is a warning of the run, and the program goes on', async () => {
    const { code, stdout } = await script(
      'stray-after',
      `const over = Promise.withResolvers<void>();
const late = () => setTimeout(() => { throw new Error('much too late'); }, 200);
const only = step('only', { cache: false }, async () => { void over.promise.then(late); return 1; });
const run = await pipeline('after', () => { only(); }).run({}, { name: 'stray-after' });
over.resolve();
await sleep(500);
process.stdout.write(run.status);`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'completed' });
    expect((await client.getPipelineRun('stray-after')).warnings.join()).toMatch(/step "only".*much too late/);
  });

  it('that is undefined is told as such', async () => {
    await script(
      'stray-undefined',
      `const odd = step('odd', { cache: false }, async () => { void Promise.reject(undefined); await sleep(500); });
await pipeline('odd', () => { odd(); }).run({}, { name: 'stray-undefined' });`,
    );
    expect((await client.getPipelineRun('stray-undefined')).steps['odd']!.error!.message).toBe('threw undefined');
  });

  it.each([
    ['while run() waits for something else', 'void this.helper(); await this.slow(); return 1;', 'completed'],
    ['after run() has returned', 'void this.helper(); return 1;', undefined],
    [
      'while a helper is told that the run is over',
      'const helper = this.helper(this.slow()); await this.bad(); await helper; return 1;',
      'completed',
    ],
  ])('of run() of a class fails the run, and not the process: %s', async (when, body, slow) => {
    const name = `stray-${when.replace(/\W+/g, '-')}`;
    const { code, stdout, stderr } = await script(
      name,
      `import { runPipeline } from '@mortise/core';
class Strays {
  async bad() { throw new Error('lost'); }
  async slow() { await sleep(300); return 2; }
  async helper(first?: Promise<unknown>) { await first; return this.bad(); }
  async run() { ${body} }
}
const decorate = (name: 'bad' | 'slow' | 'run', decorator: unknown) => {
  const descriptor = Object.getOwnPropertyDescriptor(Strays.prototype, name)!;
  (decorator as (...args: unknown[]) => void)(Strays.prototype, name, descriptor);
  Object.defineProperty(Strays.prototype, name, descriptor);
};
decorate('bad', step({ cache: false }));
decorate('slow', step({ cache: false }));
decorate('run', pipeline({ name: 'strays' }));
const run = await runPipeline(Strays, {}, { name: '${name}' });
await sleep(100);
process.stdout.write(run.status);`,
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'failed', stderr: '' });
    const { error, steps } = await client.getPipelineRun(name);
    expect(error!.message).toBe('step "bad" failed: lost');
    expect([steps['bad']!.status, steps['slow']?.status]).toEqual(['failed', slow]);
  });

  it('of code outside of every step ends the process as it would without us', async () => {
    const { code, stderr } = await script(
      'stray-outside',
      `const wait = step('wait', { cache: false }, async () => { await sleep(5_000); });
setTimeout(() => { throw new Error('of the script'); }, 100);
await pipeline('outside', () => { wait(); }).run();`,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Error: of the script');
  });
});

describe('what a step prints', () => {
  it('is kept by step and attempt, goes on to the terminal, and mixes with that of no other step', async () => {
    const { stdout, stderr } = await script(
      'prints',
      `const count = step('count', { cache: false }, async ({ name }: { name: string }) => {
  for (let i = 0; i < 20; i++) { console.log(name, i); await sleep(2); }
  console.error(name, 'done');
});
const p = pipeline('prints', () => { count({ name: 'ann' }, { id: 'ann' }); count({ name: 'bob' }, { id: 'bob' }); });
const run = await p.run({}, { name: 'prints' });
console.log('outside', run.status);`,
    );
    const lines = (name: string): string => Array.from({ length: 20 }, (_, i) => `${name} ${i}\n`).join('');
    for (const step of ['ann', 'bob']) {
      const logs = await logsOf('prints', { step });
      const text = (stream: string): string =>
        logs
          .filter((log) => log.stream === stream)
          .map((log) => log.text)
          .join('');
      expect(text('out')).toBe(lines(step));
      expect(text('err')).toBe(`${step} done\n`);
      expect(new Set(logs.map((log) => `${log.step} ${log.attempt}`))).toEqual(new Set([`${step} 1`]));
    }
    expect(stdout.split('\n')).toHaveLength(42);
    expect(stdout).toContain('outside completed');
    expect(stderr).toContain('bob done');
  });

  it('is kept up to 10 MB', async () => {
    await script(
      'prints-much',
      `const much = step('much', { cache: false }, async () => { for (let i = 0; i < 12; i++) process.stdout.write('x'.repeat(1_000_000)); });
await pipeline('much', () => { much(); }).run({}, { name: 'prints-much' });`,
    );
    const logs = await logsOf('prints-much');
    const bytes = logs.filter(({ stream }) => stream === 'out').reduce((sum, { text }) => sum + text.length, 0);
    expect(bytes).toBe(9_000_000);
    expect(logs.at(-1)!.text).toContain('not kept');
    expect((await client.getPipelineRun('prints-much')).warnings.join()).toContain('more than 10 MB');
  });

  it('is followed while the run runs', async () => {
    const running = script(
      'followed',
      `import { existsSync } from 'node:fs';
const print = (from: number, to: number) => { for (let i = from; i < to; i++) console.log(i); };
const slow = step('slow', { cache: false }, async () => { print(0, 3); while (!existsSync('seen')) await sleep(20); print(3, 8); });
await pipeline('followed', () => { slow(); }).run({}, { name: 'followed' });`,
    );
    while ((await client.listRuns({ name: 'followed' })).items.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    let seen = '';
    for await (const { text } of client.stepLogs('followed', { follow: true })) {
      seen += text;
      // The step prints the rest only now.
      if (seen === '0\n1\n2\n') writeFileSync(join(project.project.root, 'seen'), '');
    }
    await running;
    expect(seen).toBe('0\n1\n2\n3\n4\n5\n6\n7\n');
  });

  it('is followed until the process of its run has died', async () => {
    const running = script(
      'dies',
      `const last = step('last', { cache: false }, async () => { console.log('farewell'); await sleep(300); process.kill(process.pid, 'SIGKILL'); });
await pipeline('dies', () => { last(); }).run({}, { name: 'dies' });`,
    );
    while ((await client.listRuns({ name: 'dies' })).items.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await logsOf('dies', { follow: true })).map(({ text }) => text)).toEqual(['farewell\n']);
    await running;
    expect((await client.getPipelineRun('dies')).status).toBe('failed');
  });

  it('of a step that there is not is an error that names the nearest', async () => {
    await expect(logsOf('prints', { step: 'anm' })).rejects.toMatchObject({ code: 'UNKNOWN_STEP' });
  });
});
