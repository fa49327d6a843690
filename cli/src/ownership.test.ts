import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PipelineRun } from '@mortise/core/client';
import { buildCommand, cliProject, type CliProject, type CommandOptions, type CommandResult } from './testing/cli-project.ts';

let project: CliProject;
beforeAll(() => buildCommand());
beforeEach(async () => {
  project = cliProject();
  await project.mortise(['init']);
});
afterEach(() => project.remove());

const mortise = (...args: string[]) => project.mortise(args);
const shown = (run: string) => project.json<PipelineRun>('runs', 'show', run);
const go = (): void => writeFileSync(join(project.folder, 'go'), '');

const FUNCTIONS = `import { existsSync } from 'node:fs';
  import { setTimeout as delay } from 'node:timers/promises';
  import { pipeline, step } from '@mortise/core';
  const load = step('load', async () => 1);
  const wait = step('wait', async ({ data }: { data: number }) => {
    while (!existsSync(import.meta.dirname + '/go')) await delay(10);
    return data + 1;
  });
  const last = step('last', async ({ data }: { data: number }) => data * 10);
  export const chain = pipeline('chain', () => last({ data: wait({ data: load() }) }));`;

const CLASSES = `import { existsSync } from 'node:fs';
  import { setTimeout as delay } from 'node:timers/promises';
  import { pipeline, step } from '@mortise/core';
  export class Chain {
    @step() async load() { return { of: 1 }; }
    @step() async wait({ data }: { data: { of: number } }) {
      while (!existsSync(import.meta.dirname + '/go')) await delay(10);
      return { of: data.of + 1 };
    }
    @step() async last({ data }: { data: { of: number } }) { return data.of * 10; }
    @pipeline() async run() { return this.last({ data: await this.wait({ data: await this.load() }) }); }
  }`;

/** Runs a pipeline whose second step has begun, and does something to its process. */
async function whileWaiting(code: string, act: (pid: number) => void | Promise<void>): Promise<CommandResult & { pid: number }> {
  project.write('chain.ts', code);
  let pid = 0;
  const acts: Promise<void>[] = [];
  const started: NonNullable<CommandOptions['started']> = (child) => {
    pid = child.pid!;
    child.stdout!.on('data', (text: string) => {
      if (text.includes('wait started')) acts.push(Promise.resolve(act(pid)));
    });
  };
  const result = await project.mortise(['run', 'chain.ts', '--name', 'first'], { started });
  await Promise.all(acts);
  return { ...result, pid };
}
const kill = (pid: number): void => void process.kill(pid, 'SIGKILL');

describe('runs resume', () => {
  it.each([
    ['functions', FUNCTIONS],
    ['a class', CLASSES],
  ])('goes on with a killed run of %s: step lines, tables, and what was done before stays', async (_, code) => {
    const { pid } = await whileWaiting(code, kill);
    expect((await mortise('runs', 'show', 'first')).stdout).toMatch(new RegExp(`^error +process ${pid} on .*ended without a word$`, 'm'));
    go();
    const { code: exit, stdout, stderr } = await mortise('runs', 'resume', 'first');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^run first\n {2}load completed: kept from an earlier session\n {2}wait started \(attempt 2\)\n/);
    expect(stdout).toMatch(/^wait +completed +2 /m);
    expect(stdout).toMatch(/^run first {2}completed in /m);
    const run = await shown('first');
    expect(Object.values(run.steps).map(({ status, attempt }) => [status, attempt])).toEqual([['completed', 1], ['completed', 2], ['completed', 1]]); // prettier-ignore
  });

  it('ends with 1 when the run fails again, and may be told of it', async () => {
    project.write('bad.js', `import { pipeline, step } from '@mortise/core';
      const bad = step('bad', async () => { throw new Error('no luck'); });
      export const luck = pipeline('luck', () => bad());`); // prettier-ignore
    await mortise('run', 'bad.js', '--name', 'luck');
    const { code, stdout } = await mortise('runs', 'resume', 'luck', '--concurrency', '1');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}bad failed \(attempt 2\).*: no luck$/m);
  });

  it('says in one line why a run cannot be resumed', async () => {
    project.write('ok.js', `import { pipeline, step } from '@mortise/core';
      const one = step('one', async () => 1);
      export const fine = pipeline('fine', () => one());`); // prettier-ignore
    await mortise('run', 'ok.js', '--name', 'done');
    expect((await mortise('runs', 'resume', 'done')).stderr).toBe('error RUN_IS_OVER: run "done" cannot be resumed: it has completed. There is nothing left to do.\n'); // prettier-ignore
    expect((await mortise('runs', 'resume', 'dune')).stderr).toBe('error UNKNOWN_RUN: no run "dune". Did you mean "done"?\n');
    expect((await mortise('runs', 'resume', 'done', '--concurrency', 'x')).stderr).toMatch(/^error BAD_USAGE: --concurrency/);
    await whileWaiting(FUNCTIONS, async (pid) => {
      const { code, stderr } = await mortise('runs', 'resume', 'first');
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(new RegExp(`^error RUN_UNDER_WAY: .*process ${pid} on .*runs cancel first".\n$`)) }); // prettier-ignore
      kill(pid);
    });
    project.write('chain.ts', 'export {};');
    expect((await mortise('runs', 'resume', 'first')).stderr).toMatch(/^error NO_PIPELINE: chain.ts has no pipeline "chain"/);
  });
});

describe('run', () => {
  it('is no success when the code of a step ends the process', async () => {
    project.write(
      'leaves.js',
      `import { pipeline, step } from '@mortise/core';
       const leaves = step('leaves', { cache: false }, async () => process.exit(0));
       export const leaving = pipeline('leaving', () => leaves());`,
    );
    const { code, stderr } = await mortise('run', 'leaves.js', '--name', 'leaving');
    expect(code).toBe(1);
    expect(stderr).toMatch(/ended the process before the run was over.*\n$/);
    expect((await shown('leaving')).status).toBe('failed');
  });
});

describe('runs cancel', () => {
  it('stops a run in another process, which says so and ends with 1', async () => {
    let answer: CommandResult | undefined;
    const { code, stdout } = await whileWaiting(FUNCTIONS, async () => {
      answer = await mortise('runs', 'cancel', 'first');
    });
    expect(answer).toEqual({ code: 0, stdout: 'run first  killed\n', stderr: '' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^run first {2}killed in .*\nthe run was killed \(cancelled\)$/m);
    expect((await shown('first')).steps['wait']!.status).toBe('killed');
    expect((await mortise('runs', 'cancel', 'first')).stderr).toMatch(/^error RUN_IS_OVER: run "first" cannot be cancelled: it has ended already \(killed\)\. .*runs resume first/); // prettier-ignore
  });

  it('ends the run of a dead process at once', async () => {
    await whileWaiting(FUNCTIONS, kill);
    expect((await mortise('runs', 'cancel', 'first')).stdout).toBe('run first  killed\n');
    expect((await shown('first')).status).toBe('killed');
  });
});

describe('an owner that was taken for dead and wakes up', () => {
  it('ends with 1 and one line on stderr', async () => {
    const { code, stderr } = await whileWaiting(FUNCTIONS, async (pid) => {
      const { DatabaseSync } = await import('node:sqlite');
      const db = new DatabaseSync(join(project.folder, '.mortise/store.db'), { timeout: 5_000 });
      while (db.prepare('SELECT 1 FROM workers WHERE beat_at IS NOT NULL').get() === undefined) await new Promise((r) => setTimeout(r, 20));
      db.exec("UPDATE workers SET boot_id = 'other'");
      db.close();
      process.kill(pid, 'SIGSTOP');
      await new Promise((r) => setTimeout(r, 400));
      const { stdout } = await project.mortise(['runs', 'list'], { env: { MORTISE_HEARTBEAT_LIMIT_MS: '300' } });
      expect(stdout).toMatch(/^first +chain +failed/m);
      go();
      process.kill(pid, 'SIGCONT');
    });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error RUN_TAKEN_OVER: run "first" is no longer this process's: [^\n]*\n$/) }); // prettier-ignore
  });
});
