import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Client, resumeRun } from '../index.ts';
import { ProjectScripts, type RunningScript } from '../testing/project-scripts.ts';
import { temporaryProject } from '../testing/temporary-project.ts';
import { RecordedSteps } from './recorded-steps.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
let scripts: ProjectScripts;
let client: Client;
beforeEach(async () => {
  project = await temporaryProject();
  scripts = new ProjectScripts(project.project.root);
  client = new Client();
});
afterEach(async () => {
  delete process.env['MORTISE_HEARTBEAT_LIMIT_MS'];
  scripts.end();
  await client.close();
  project.remove();
});

/** Steps say in `calls` that they were called, and `slow` waits for the file `go` unless it is there. */
const PREAMBLE = `
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { activeRun, pipeline, runPipeline, step } from '@mortise/core';
const root = import.meta.dirname;
const called = (what) => appendFileSync(root + '/calls', what + '\\n');
const slow = async (value) => {
  called('slow');
  if (process.argv[1].startsWith(root)) console.log('slow begins');
  while (!existsSync(root + '/go')) await delay(10);
  return value + 1;
};
const say = (error) => { console.log(error.line ?? error.stack); process.exitCode = 1; };
`;

const FUNCTIONS = `${PREAMBLE}
const load = step('load', async ({ of }) => { called('load'); return of; });
const wait = step('wait', { experimentTracker: true }, async ({ data }) => { activeRun().logMetrics({ x: 1 }); return slow(data); });
const last = step('last', async ({ data }) => { called('last'); return data * 10; });
export const chain = pipeline('chain', () => last({ data: wait({ data: load({ of: 1 }) }) }));
await chain.run({}, { name: 'first' }).then((run) => console.log(run.status, run.error?.message), say);
`;

const CLASSES = `${PREAMBLE}
export class Chain {
  async load({ of }) { called('load ' + of); return { of }; }
  async wait({ data }) { return { sum: await slow(data.of) }; }
  async last({ data, more }) { called('last'); return data.sum * 10 + more.of; }
  async run() {
    const [data, more] = await Promise.all([this.load({ of: 1 }), this.load({ of: 5 })]);
    return this.last({ data: await this.wait({ data }), more });
  }
}
const decorated = (name, decorator) => {
  const property = Object.getOwnPropertyDescriptor(Chain.prototype, name);
  decorator(Chain.prototype, name, property);
  Object.defineProperty(Chain.prototype, name, property);
};
for (const name of ['load', 'wait', 'last']) decorated(name, step());
decorated('run', pipeline());
await runPipeline(Chain, {}, { name: 'first' }).then((run) => console.log(run.status, run.error?.message), say);
`;

/** Starts a run whose step \`slow\` is under way. */
async function begun(code = FUNCTIONS, before: readonly string[] = []): Promise<RunningScript> {
  scripts.write('chain.mjs', code);
  const script = scripts.start('chain.mjs', before);
  await script.prints('slow begins');
  return script;
}

async function killed(code = FUNCTIONS): Promise<RunningScript> {
  const script = await begun(code);
  script.child.kill('SIGKILL');
  await script.ended;
  return script;
}

const go = (): void => writeFileSync(join(project.project.root, 'go'), '');
const first = () => client.getPipelineRun('first');
const statuses = async (): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries((await first()).steps).map(([id, { status }]) => [id, status]));

function inStore<T>(work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(project.project.storeUrl.replace('sqlite:', ''), { timeout: 5_000 });
  try {
    return work(db);
  } finally {
    db.close();
  }
}
const beatAt = (): number | null =>
  (inStore((db) => db.prepare('SELECT beat_at FROM workers').get()) as { beat_at: number | null }).beat_at;
async function heartbeat(after = 0): Promise<number> {
  for (;;) {
    const at = beatAt();
    if (at !== null && at > after) return at;
    await delay(50);
  }
}

describe('a run whose process was killed', () => {
  it('has failed when anybody looks, and says which process died where; what was logged is there', async () => {
    const { child } = await killed();
    const run = await first();
    const text = `process ${child.pid} on ${hostname()}, which ran it, ended without a word`;
    expect(run).toMatchObject({ status: 'failed', error: { name: 'OWNER_DIED', message: text } });
    expect(run.steps['wait']).toMatchObject({ status: 'failed', error: { message: text }, outputs: {}, endedAt: expect.any(String) });
    expect(run.steps['load']).toMatchObject({ status: 'completed' });
    expect(Object.keys(run.steps)).toEqual(['load', 'wait']);
    expect(run.steps['wait']!.tracker.metrics['x']).toMatchObject({ last: 1 });
  });

  it('is swept by the next run too, and by one of many who look at once', async () => {
    await killed();
    const clients = Array.from({ length: 6 }, () => new Client());
    const seen = await Promise.all(clients.map((each) => each.listRuns()));
    expect(seen.map(({ items }) => items[0]!.status)).toEqual(clients.map(() => 'failed'));
    for (const each of clients) await each.close();
    expect(inStore((db) => db.prepare('SELECT fence FROM step_runs ORDER BY fence').all())).toEqual([{ fence: 1 }, { fence: 2 }]);
  });

  it('is killed if it had been asked to stop', async () => {
    const script = await begun();
    inStore((db) => db.exec('UPDATE runs SET cancel_requested_at = 1 WHERE pipeline IS NOT NULL'));
    script.child.kill('SIGKILL');
    await script.ended;
    expect(await first()).toMatchObject({ status: 'killed', error: { message: expect.stringContaining('cancelled') } });
    expect((await statuses())['wait']).toBe('killed');
  });
});

describe('a run under way', () => {
  it('shows steps that have not begun as queued', async () => {
    await begun();
    expect(await statuses()).toEqual({ load: 'completed', wait: 'running', last: 'queued' });
  });

  it('is left alone while its process is stopped on the same host', async () => {
    process.env['MORTISE_HEARTBEAT_LIMIT_MS'] = '1';
    const script = await begun();
    script.child.kill('SIGSTOP');
    await delay(50);
    expect((await first()).status).toBe('running');
    script.child.kill('SIGCONT');
    go();
    expect((await script.ended).text).toContain('completed');
    expect((await first()).status).toBe('completed');
  });

  it('has a heart that beats while its main thread is blocked, and keeps no process alive', async () => {
    scripts.write(
      'busy.mjs',
      `${PREAMBLE}
       const idle = step('idle', async () => delay(3100));
       const busy = step('busy', async () => { process.stdout.write('busy begins\\n'); while (!existsSync(root + '/go')); });
       await pipeline('busy', () => { busy(undefined, { after: [idle()] }); }).run();`,
    );
    const script = scripts.start('busy.mjs');
    await script.prints('busy begins');
    await heartbeat(await heartbeat());
    go();
    expect((await script.ended).code).toBe(0);
  });
});

describe('an owner that was taken for dead and wakes up', () => {
  async function wakesUp(script: RunningScript, resume: () => void): Promise<void> {
    expect((await first()).status).toBe('running');
    process.env['MORTISE_HEARTBEAT_LIMIT_MS'] = '300';
    await delay(400);
    const swept = await first();
    expect(swept).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('has not been heard of for') } });
    go();
    resume();
    const { text, code } = await script.ended;
    expect(code).toBe(1);
    expect(text.trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^RUN_TAKEN_OVER: run "first" is no longer this process's: it was taken for dead .*failed now/),
    ]);
    expect(scripts.lines('calls')).toEqual(['load', 'slow']);
    expect(await first()).toEqual(swept);
    expect(inStore((db) => db.prepare("SELECT count(*) AS n FROM artifact_versions WHERE state = 'available'").get())).toEqual({ n: 1 });
  }

  it.each(['boot_id', 'pid_ns', 'host'])('of another %s: its commit is refused, and one line says why', async (column) => {
    const script = await begun();
    await heartbeat();
    inStore((db) => db.exec(`UPDATE workers SET ${column} = 'other'`));
    script.child.kill('SIGSTOP');
    await wakesUp(script, () => script.child.kill('SIGCONT'));
  });

  it('loses nothing that it was told was logged, though others have read its log to the end and collected garbage meanwhile', async () => {
    const script = await begun(
      FUNCTIONS.replace(
        'return slow(data);',
        `called('slow');
         console.log('slow begins');
         while (!existsSync(root + '/go')) await delay(10);
         for (let i = 2; i <= 800; i++) activeRun().logMetrics({ x: i });
         process.kill(process.pid, 'SIGKILL');`,
      ),
    );
    await heartbeat();
    inStore((db) => db.exec("UPDATE workers SET host = 'other'"));
    script.child.kill('SIGSTOP');
    process.env['MORTISE_HEARTBEAT_LIMIT_MS'] = '300';
    await delay(400);
    expect((await first()).status).toBe('failed');
    await client.deliver();
    await client.collectGarbage();
    go();
    script.child.kill('SIGCONT');
    await script.ended;
    inStore((db) => db.exec('UPDATE workers SET beat_at = 1; UPDATE run_sessions SET started_at = 1'));
    const { logs } = await client.collectGarbage();
    const { wait } = (await first()).steps;
    expect({ last: wait!.tracker.metrics['x'], logs: logs.count }).toMatchObject({ last: { last: 800, count: 800 }, logs: 1 });
  });

  const inNamespace = mayUnshare() ? it : it.skip;
  inNamespace('in another pid namespace: the same', async () => {
    const script = await begun(FUNCTIONS, ['unshare', '--pid', '--fork', '--mount-proc']);
    await heartbeat();
    const [inner] = readFileSync(`/proc/${script.child.pid}/task/${script.child.pid}/children`, 'utf8').split(' ').map(Number);
    process.kill(inner!, 'SIGSTOP');
    await wakesUp(script, () => process.kill(inner!, 'SIGCONT'));
  });
});

function mayUnshare(): boolean {
  try {
    execFileSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.each([
  ['function', FUNCTIONS, { load: 'completed', wait: 'completed', last: 'completed' }, 20, ['load']],
  ['class', CLASSES, { load: 'completed', load_2: 'completed', wait: 'completed', last: 'completed' }, 25, ['load 1', 'load 5']],
] as const)('resuming a killed run of %s style', (_, code, ends, result, kept) => {
  it('keeps the steps that completed, does the rest, and gives the result', async () => {
    await killed(code);
    const { id } = await first();
    go();
    const run = await resumeRun('first');
    expect(run).toMatchObject({ id, name: 'first', status: 'completed', error: null, result });
    expect(await statuses()).toEqual(ends);
    expect(run.steps['wait']).toMatchObject({ attempt: 2, attempts: [{ status: 'failed' }, { status: 'completed' }] });
    expect(scripts.lines('calls').toSorted()).toEqual([...kept, 'last', 'slow', 'slow'].toSorted());
    expect(inStore((db) => db.prepare('SELECT n, how FROM run_sessions').all())).toEqual([{ n: 1, how: 'start' }, { n: 2, how: 'resume' }]); // prettier-ignore
  });

  it('can be done again and again', async () => {
    await killed(code);
    scripts.write('resume.mjs', "import { resumeRun } from '@mortise/core'; await resumeRun('first');");
    for (let times = 0; times < 2; times++) {
      const script = scripts.start('resume.mjs');
      await script.prints('slow begins');
      script.child.kill('SIGKILL');
      await script.ended;
      expect((await first()).status).toBe('failed');
    }
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result });
    expect(scripts.lines('calls').toSorted()).toEqual([...kept, 'last', 'slow', 'slow', 'slow', 'slow'].toSorted());
  });
});

describe('resuming', () => {
  it('is refused while the run is under way, once it has completed, and for a run that there is not', async () => {
    const script = await begun();
    const underWay = { code: 'RUN_UNDER_WAY', facts: { run: 'first', pid: script.child.pid } };
    await expect(resumeRun('first')).rejects.toMatchObject(underWay);
    go();
    await script.ended;
    await expect(resumeRun('first')).rejects.toMatchObject({ code: 'RUN_IS_OVER', facts: { status: 'completed' } });
    await expect(resumeRun('frist')).rejects.toMatchObject({ code: 'UNKNOWN_RUN', facts: { nearest: 'first' } });
    await expect(resumeRun('first', { name: 'other' } as never)).rejects.toMatchObject({ code: 'UNKNOWN_OPTION' });
  });

  it('says where it looked when the pipeline is not there any more', async () => {
    await killed();
    scripts.write('chain.mjs', 'export const nothing = 1;');
    await expect(resumeRun('first')).rejects.toMatchObject({ code: 'PIPELINE_GONE', facts: { pipeline: 'chain', module: 'chain.mjs' } });
    scripts.write('chain.mjs', 'throw new Error("broken");');
    await expect(resumeRun('first')).rejects.toMatchObject({ code: 'PIPELINE_GONE' });
    expect((await first()).status).toBe('failed');
  });

  it('goes on with the stack that has the name of its own, whichever is active; when none has, it says so and what to do', async () => {
    await killed();
    await client.renameStack('default', 'laptop');
    await expect(resumeRun('first')).rejects.toMatchObject({
      line:
        'RUN_STACK_GONE: run "first" cannot be resumed: it began on stack "default", and no stack has that name any more. ' +
        'Run "mortise stack copy NAME default" with the one it is now (there are: laptop), and resume again.',
    });
    expect((await first()).status).toBe('failed');
    await client.copyStack('laptop', 'default');
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result: 20, stack: { name: 'default' } });
  });

  it('runs a step again when what it is given has changed', async () => {
    await killed();
    scripts.write('chain.mjs', FUNCTIONS.replace('of: 1', 'of: 7'));
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result: 80 });
    expect(scripts.lines('calls')).toEqual(['load', 'slow', 'load', 'slow', 'last']);
  });

  it('passes over a step that the plan no longer has', async () => {
    await killed();
    scripts.write('chain.mjs', FUNCTIONS.replace("step('load'", "step('fetch'"));
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result: 20 });
    expect(scripts.lines('calls')).toEqual(['load', 'slow', 'load', 'slow', 'last']);
    expect(await statuses()).toEqual({ fetch: 'completed', wait: 'completed', last: 'completed', load: 'completed' });
  });

  it('does what was skipped because of a failure, and leaves a kept step as it is when something before it fails again', async () => {
    scripts.write(
      'chain.mjs',
      `${PREAMBLE}
       const side = step('side', async () => { called('side'); return 1; });
       const bad = step('bad', { cache: false }, async () => { called('bad'); if (!existsSync(root + '/go')) throw new Error('not yet'); return 2; });
       const last = step('last', async ({ data }) => data);
       export const chain = pipeline('chain', () => { const one = bad(); side(); return last({ data: one }); });
       await chain.run({}, { name: 'first', executionMode: 'continue-on-failure', concurrency: 1 }).then((run) => console.log(run.status), say);`,
    );
    await scripts.start('chain.mjs').ended;
    expect(await statuses()).toEqual({ bad: 'failed', side: 'completed', last: 'skipped' });
    expect(await resumeRun('first', { concurrency: 1, executionMode: 'stop-on-failure' })).toMatchObject({ status: 'failed' });
    expect(await statuses()).toEqual({ bad: 'failed', side: 'completed', last: 'skipped' });
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result: 2 });
    expect(await statuses()).toEqual({ bad: 'completed', side: 'completed', last: 'completed' });
    expect(scripts.lines('calls')).toEqual(['bad', 'side', 'bad', 'bad']);
  });
});

describe('two that resume a run', () => {
  it('one after the other: the second runs nothing again that completed while it read what was left', async () => {
    scripts.write(
      'chain.mjs',
      `${PREAMBLE}
       const early = step('early', { cache: false }, async () => { called('early'); if (!existsSync(root + '/later')) throw new Error('not yet'); return 1; });
       const late = step('late', { cache: false }, async ({ data }) => { called('late'); if (!existsSync(root + '/go')) throw new Error('not yet'); return data; });
       export const chain = pipeline('chain', () => late({ data: early() }));
       await chain.run({}, { name: 'first' }).then((run) => console.log(run.status), say);`,
    );
    await scripts.start('chain.mjs').ended;
    scripts.write('later', '');
    const { read } = RecordedSteps;
    const reading = jest.spyOn(RecordedSteps, 'read').mockImplementationOnce(async (...of) => {
      const left = await read.apply(RecordedSteps, of);
      expect((await resumeRun('first')).status).toBe('failed');
      go();
      return left;
    });
    expect(await resumeRun('first')).toMatchObject({ status: 'completed', result: 1 });
    reading.mockRestore();
    expect(scripts.lines('calls')).toEqual(['early', 'early', 'late', 'late']);
  });
});

describe('cancelling', () => {
  it('stops the steps of a run in another process, as SIGTERM would', async () => {
    const script = await begun();
    expect(await client.cancelRun('first')).toMatchObject({ name: 'first', status: 'killed', owner: { pid: script.child.pid } });
    await script.prints('killed the run was killed (cancelled)');
    expect(await statuses()).toEqual({ load: 'completed', wait: 'killed', last: 'skipped' });
    expect((await first()).steps['wait']!.attempts[0]!.trackerRuns[0]!.status).toBe('killed');
  });

  it('is heard between steps too, without a heartbeat', async () => {
    scripts.write(
      'many.mjs',
      `${PREAMBLE}
       const begin = async () => { console.log('begins'); while (!existsSync(root + '/go')) await delay(10); };
       const one = step('one', { cache: false }, async ({ i }) => { if (i === 0) await begin(); return i; });
       const many = pipeline('many', () => { const all = []; for (let i = 0; i < 45; i++) all.push(one({ i }, { after: all.slice(-1) })); });
       await many.run({}, { name: 'first' }).then((run) => console.log(run.status), say);`,
    );
    const script = scripts.start('many.mjs');
    await script.prints('begins');
    // However long it takes from here on, no heart beats.
    inStore((db) => db.exec("CREATE TRIGGER no_heart BEFORE UPDATE OF beat_at ON workers BEGIN SELECT RAISE(ABORT, 'no heart'); END"));
    const cancelled = client.cancelRun('first');
    const asked = () => inStore((db) => db.prepare('SELECT 1 FROM runs WHERE cancel_requested_at IS NOT NULL').get());
    while (asked() === undefined) await delay(10);
    go();
    expect((await script.ended).text).toContain('killed');
    expect((await cancelled).status).toBe('killed');
  });

  it('ends the run of a dead process at once, and is refused for one that has ended', async () => {
    await killed();
    const before = Date.now();
    expect(await client.cancelRun('first')).toMatchObject({ status: 'killed' });
    expect(Date.now() - before).toBeLessThan(20_000);
    expect((await statuses())['wait']).toBe('killed');
    await expect(client.cancelRun('first')).rejects.toMatchObject({ code: 'RUN_IS_OVER' });
    await expect(client.cancelRun('none')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    go();
    expect(await resumeRun('first')).toMatchObject({ status: 'completed' });
  });
});
