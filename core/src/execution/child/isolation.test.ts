import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { Client } from '../../index.ts';
import { scriptProject, type ScriptProject } from '../../testing/script-project.ts';

let project: ScriptProject;

beforeAll(async () => {
  project = await scriptProject();
});
afterAll(() => project.remove());

const IMPORT = `import { activeRun, file, pipeline, step, tracked } from '@mortise/core';\n`;

describe('a step in a process of its own', () => {
  it('gets its inputs, gives its outputs, and what it logs reaches the store and its tracker as if it ran in the process of the run', async () => {
    project.write(
      'whole.ts',
      `${IMPORT}
const load = step('load', async () => ({ pid: process.pid, data: new Float64Array([1, 2, 3]) }));
const train = step(
  'train',
  { experimentTracker: true, isolation: 'process', outputs: { sum: {}, pid: {}, scores: tracked.metrics() } },
  async ({ loaded, k }: { loaded: { pid: number; data: Float64Array }; k: number }) => {
    const run = activeRun();
    for (let i = 1; i <= 3; i++) run.logMetric('loss', 1 / i);
    run.setTag('kind', 'example');
    await run.logArtifact(new TextEncoder().encode('hello'), { path: 'notes/hello.txt' });
    return { sum: k * loaded.data.reduce((a, b) => a + b), pid: process.pid, scores: { val: { accuracy: 0.9 } } };
  },
);
const p = pipeline('whole', { params: { k: 2 } }, ({ k }) => {
  const loaded = load();
  const { sum, pid } = train({ loaded, k });
  return { loaded, sum, pid };
});
const run = await p.run({ k: 5 }, { name: 'whole' });
const again = await p.run({ k: 5 });
const { loaded, sum, pid } = run.result!;
console.log(JSON.stringify({ sum, here: loaded.pid === process.pid, there: pid !== process.pid, again: again.steps['train']!.status }));`,
    );
    expect(await project.json('whole.ts')).toEqual({ sum: 30, here: true, there: true, again: 'cached' });

    const run = await new Client().getPipelineRun('whole');
    const { tracker, attempts, runMetadata } = run.steps['train']!;
    expect(tracker.params).toEqual({ k: 5 });
    expect(tracker.metrics['loss']).toMatchObject({ last: 1 / 3, lastStep: 2, count: 3 });
    expect(tracker.metrics['val.accuracy']).toMatchObject({ last: 0.9 });
    expect(tracker.tags).toEqual({ kind: 'example' });
    expect(attempts[0]!.trackerRuns[0]).toMatchObject({ status: 'completed', delivered: true, error: null });
    expect(readdirSync(join(project.root, '.mortise/artifacts/whole')).filter((name) => name.startsWith('logged'))).toHaveLength(1);
    expect(runMetadata['experiment_tracker_url']).toBeDefined();
  });

  it('has the variables that are part of its cache key as the run has them', async () => {
    project.write(
      'env.ts',
      `${IMPORT}
const apart = { isolation: 'process' } as const;
const first = step('first', { ...apart, cache: false }, () => 0);
const set = step('set', { cache: false }, (_: { after: number }) => { process.env.REGION = 'north'; delete process.env.OLD; return 0; });
const read = step('read', { ...apart, cacheEnv: ['REGION', 'OLD'] }, (_: { after: number }) => [process.env.REGION, process.env.OLD ?? 'none']);
const p = pipeline('env', () => read({ after: set({ after: first() }) }));
Object.assign(process.env, { REGION: 'south', OLD: 'yes' });
console.log(JSON.stringify((await p.run()).result));`,
    );
    expect(await project.json('env.ts')).toEqual(['north', 'none']);
  });

  it('may send messages of its own, as programs do that pm2 starts: nobody takes them for ours', async () => {
    project.write(
      'sends.ts',
      `${IMPORT}
for (const message of ['ready', {}, null]) process.send?.(message);
const sends = step('sends', { cache: false, isolation: 'process' }, async () => {
  for (const message of ['working', {}, null]) process.send!(message);
  setTimeout(() => process.send!('left'), 10);
  return 1;
});
const after = step('after', { cache: false }, () => new Promise<number>((resolve) => setTimeout(resolve, 100, 2)));
const run = await pipeline('sends', () => { const sent = sends(); return { sent, after: after({}, { after: [sent] }) }; }).run();
console.log(JSON.stringify(run.result));`,
    );
    expect(await project.json('sends.ts')).toEqual({ sent: 1, after: 2 });
  });

  it('is chosen by the step before the run, and by the run before the orchestrator', async () => {
    project.write(
      'where.ts',
      `${IMPORT}
const here = () => process.connected === undefined || !process.connected;
const where = { cache: false } as const;
const inline = step('inline', { ...where, isolation: 'inline' }, here);
const apart = step('apart', { ...where, isolation: 'process' }, here);
const open = step('open', where, here);
export const p = pipeline('choice', () => ({ inline: inline(), apart: apart(), open: open() }));`,
    );
    project.write(
      'choice.ts',
      `import { Client } from '@mortise/core';
import { p } from './where.ts';
await using client = new Client();
await client.registerComponent({ type: 'orchestrator', name: 'apart', flavor: 'local', config: { isolation: 'process', pool: 1 } });
await client.registerStack('apart', { orchestrator: 'apart', 'artifact-store': 'default', 'experiment-tracker': 'default' });
const byStep = (await p.run()).result;
const byRun = (await p.run({}, { isolation: 'process' })).result;
const byOrchestrator = (await p.run({}, { stack: 'apart' })).result;
const runFirst = (await p.run({}, { stack: 'apart', isolation: 'inline' })).result;
console.log(JSON.stringify({ byStep, byRun, byOrchestrator, runFirst }));`,
    );
    const [here, there] = [true, false];
    expect(await project.json('choice.ts')).toEqual({
      byStep: { inline: here, apart: there, open: here },
      byRun: { inline: here, apart: there, open: there },
      byOrchestrator: { inline: here, apart: there, open: there },
      runFirst: { inline: here, apart: there, open: here },
    });
  });

  it('shares its process with the next step, but never runs beside more than the pool holds', async () => {
    project.write(
      'spells.ts',
      `${IMPORT}
import { appendFileSync, readFileSync } from 'node:fs';
const spell = step('spell', { cache: false }, async ({ item: _ }: { item: number }) => {
  const from = Date.now();
  const pool = readFileSync('pool', 'utf8');
  appendFileSync('begun-' + pool, 'x');
  // The first two of a pool of two wait for each other, however long the start of a process takes.
  do await new Promise((resolve) => setTimeout(resolve, 100)); while (readFileSync('begun-' + pool).length < Number(pool));
  return { pid: process.pid, from, to: Date.now() };
});
export const p = pipeline('pool', () => spell.map({ item: [1, 2, 3] }));`,
    );
    project.write(
      'pool.ts',
      `import { writeFileSync } from 'node:fs';
import { Client } from '@mortise/core';
import { p } from './spells.ts';
await using client = new Client();
for (const pool of [1, 2]) {
  await client.registerComponent({ type: 'orchestrator', name: 'pool' + pool, flavor: 'local', config: { isolation: 'process', pool } });
  await client.registerStack('pool' + pool, { orchestrator: 'pool' + pool, 'artifact-store': 'default' });
}
const seen = async (pool: number) => {
  writeFileSync('pool', String(pool));
  const spells = (await p.run({}, { stack: 'pool' + pool, concurrency: 4 })).result!;
  const most = Math.max(...spells.map(({ from }) => spells.filter((other) => other.from <= from && from < other.to).length));
  return { processes: new Set(spells.map(({ pid }) => pid)).size, most };
};
console.log(JSON.stringify({ one: await seen(1), two: await seen(2) }));`,
    );
    expect(await project.json('pool.ts')).toEqual({ one: { processes: 1, most: 1 }, two: { processes: 2, most: 2 } });
  });

  it('gets each item of a mapped input as its own, in whatever process', async () => {
    project.write(
      'mapped.ts',
      `${IMPORT}
const make = step('make', () => [{ n: 1 }, { n: 2 }, { n: 3 }]);
const tries = step('tries', { cache: false, retry: { retries: 1 } }, ({ item }: { item: { n: number } }) => {
  item.n *= 10;
  if (activeRun().attempt === 1) throw new Error('again');
  return item.n;
});
const p = pipeline('mapped', () => tries.map({ item: make() }));
console.log(JSON.stringify((await p.run({}, { isolation: 'process' })).result));`,
    );
    expect(await project.json('mapped.ts')).toEqual([10, 20, 30]);
  });

  it('may run a pipeline itself', async () => {
    project.write(
      'nested-run.ts',
      `${IMPORT}
const inner = pipeline('inner', () => step('one', { cache: false }, () => 1)());
const outer = step('outer', { cache: false, isolation: 'process' }, async () => (await inner.run()).result);
console.log(JSON.stringify([(await pipeline('outer', () => outer()).run()).result]));`,
    );
    expect(await project.json('nested-run.ts')).toEqual([1]);
  });

  it('prints where the run prints, before the run says that it ended', async () => {
    project.write(
      'printing.ts',
      `${IMPORT}
const talk = step('talk', { cache: false }, () => { process.stdout.write('o'.repeat(200_000) + '\\n'); console.error('to stderr'); });
await pipeline('printing', () => { talk(); }).run({}, { isolation: 'process', onStep: ({ status }) => console.log('step ' + status) });`,
    );
    const { stdout, stderr } = await project.run('printing.ts');
    expect(stdout).toBe(`step running\n${'o'.repeat(200_000)}\nstep completed\n`);
    expect(stderr).toContain('to stderr');
  });

  it('can give its tracker run to a process of its own by env(), but has no native handle', async () => {
    project.write(
      'env.ts',
      `${IMPORT}
const train = step('train', { cache: false, experimentTracker: true, isolation: 'process' }, async () => {
  const run = activeRun();
  const env = await run.env();
  const native = await run.native().catch((error) => error.code + ': ' + error.advice);
  return { env: typeof env, native, url: run.url !== undefined };
});
console.log(JSON.stringify((await pipeline('env', () => train()).run()).result));`,
    );
    expect(await project.json('env.ts')).toEqual({
      env: 'object',
      native: expect.stringMatching(/^NATIVE_ELSEWHERE: Give the step \{ isolation: 'inline' \}/),
      url: true,
    });
  });
});

describe('a class-style step in a process of its own', () => {
  const CLASS = `${IMPORT}
export class Wine {
  seen: number[] = [];
  @step() async load() { return { pid: process.pid, rows: new Float64Array([1, 2, 3]) }; }
  @step({ outputs: ['sum', 'pid'] }) async train({ data, k }: { data: { rows: Float64Array }; k: number }) {
    activeRun().logMetric('k', k);
    return { sum: k * data.rows.reduce((a, b) => a + b), pid: process.pid };
  }
  @step() async keep() { this.seen = [1]; }
  @pipeline({ params: { k: 2, keep: false } }) async run({ k, keep }: { k: number; keep: boolean }) {
    const data = await this.load();
    if (keep) await this.keep();
    return { data, ...(await this.train({ data, k })) };
  }
}`;
  /** What tsc makes of it, for Node strips types but knows no decorators. */
  const compiled = (source: string): Promise<string> =>
    import('esbuild').then(async ({ transform }) => (await transform(source, { loader: 'ts', target: 'es2022' })).code);

  it('runs on a fresh, frozen instance, with the lineage of its inputs', async () => {
    project.write(
      'class.mjs',
      await compiled(`${CLASS}
import { runPipeline } from '@mortise/core';
const run = await runPipeline(Wine, { k: 5 }, { name: 'class', isolation: 'process' });
const frozen = await runPipeline(Wine, { keep: true }, { isolation: 'process' });
const { data, sum, pid } = run.result!;
console.log(JSON.stringify({ sum, same: data.pid === pid, here: pid === process.pid, frozen: frozen.error!.message }));`),
    );
    const seen = await project.json<{ sum: number; here: boolean; frozen: string }>('class.mjs');
    expect(seen).toMatchObject({ sum: 30, here: false, frozen: expect.stringContaining('wrote to "this.seen" of Wine') });
    const { train } = (await new Client().getPipelineRun('class')).steps;
    expect(train!.inputs['data']).toMatchObject({ artifact: 'Wine/load/output', version: 1 });
    expect(train!.tracker.metrics['k']!.last).toBe(5);
  });

  it('is found in the module that exports its class', async () => {
    project.write('wine-class.mjs', await compiled(CLASS));
    project.write(
      'class-elsewhere.mjs',
      `import { runPipeline } from '@mortise/core';
import { Wine } from './wine-class.mjs';
const go = async () => (await runPipeline(Wine, { k: 3 }, { isolation: 'process' })).result.sum;
console.log(JSON.stringify([await go()]));`,
    );
    expect(await project.json('class-elsewhere.mjs')).toEqual([18]);
  });

  it('says what to do when its class is not exported', async () => {
    project.write(
      'hidden.mjs',
      await compiled(`${CLASS.replace('export class', 'class')}
export const Hidden = { of: () => Wine };`),
    );
    project.write(
      'class-hidden.mjs',
      `import { runPipeline } from '@mortise/core';
import { Hidden } from './hidden.mjs';
const run = await runPipeline(Hidden.of(), {}, { isolation: 'process' });
console.log(JSON.stringify(run.error));`,
    );
    const { name, message } = await project.json<{ name: string; message: string }>('class-hidden.mjs');
    expect(name).toBe('STEP_NOT_LOCATED');
    expect(message).toContain('hidden.mjs does not export class Wine. Export class Wine from its module, or run it with');
  });
});
