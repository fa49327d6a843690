import { setTimeout as delay } from 'node:timers/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { FenceLost } from '../errors.ts';
import {
  file,
  folder,
  pipeline,
  registerMaterializer,
  resumeRun,
  step,
  stream,
  tracked,
  when,
  activeRun,
  Client,
  type PipelineRun,
  type StepEvent,
  type StepOutput,
} from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;
beforeEach(async () => {
  project = await temporaryProject();
});
afterEach(() => project.remove());

/** What the local tracker itself says of a tracker run: its own file, at the URL it gave. */
function atTracker(url: string | null): {
  status: string;
  error?: { message: string };
  metrics: Record<string, unknown>;
  supersededBy?: string;
} {
  return JSON.parse(readFileSync(fileURLToPath(url!), 'utf8')) as never;
}
const only = (run: PipelineRun, id: string) => run.steps[id]!.attempts.at(-1)!.trackerRuns[0]!;

// At the top level, because steps that a function makes are not cached.
const load = step('load', async () => ({ rows: [1, 2, 3] }));
const train = step('train', { experimentTracker: true }, async ({ data, lr }: { data: { rows: number[] }; lr: number }) => {
  activeRun().logMetrics({ loss: 1 / data.rows.length }, { step: 1 });
  return { weights: data.rows.map((row) => row * lr) };
});
const example = pipeline('example', { params: { lr: 0.5 } }, ({ lr }) => train({ data: load(), lr }));
const source = step('source', async () => [1]);

const free = step('free', { cache: false }, ({ size }: { size?: number }) => size ?? 1);
const preset = step('preset', { cache: false }, ({ size }: { size?: number } = { size: 5 }) => size ?? 1);

describe('a run of a function-style pipeline', () => {
  it('calls a step whose inputs may all be left out without them', async () => {
    const run = await pipeline('left-out', () => [free(), free({}), preset(), preset.map({ size: [2, 3] })]).run();
    expect(run.status).toBe('completed');
    expect(run.result).toEqual([1, 1, 5, [2, 3]]);
  });

  it('gives what the body returned and the run as the Client gives it', async () => {
    const run = await example.run({ lr: 2 }, { name: 'first', tags: { team: 'x' } });
    expect(run.result).toEqual({ weights: [2, 4, 6] });
    expect(run.status).toBe('completed');
    const seen = await new Client().getPipelineRun('first');
    expect({ ...seen }).toMatchObject({ name: 'first', pipeline: 'example', status: 'completed', params: { lr: 2 }, tags: { team: 'x' } });
    expect(seen.steps['train']).toMatchObject({ status: 'completed', attempt: 1, cached: false, params: { lr: 2 } });
    expect(seen.steps['train']!.inputs['data']).toEqual({ artifact: 'example/load/output', version: 1 });
    expect(seen.steps['train']!.tracker.metrics['loss']).toMatchObject({ last: 1 / 3, lastStep: 1, count: 1 });
    expect(JSON.parse(JSON.stringify(seen))).toEqual(JSON.parse(JSON.stringify({ ...run, result: undefined })));
  });

  it('records the URL of the tracker run in run metadata, and reaches it through a cached step', async () => {
    const first = await example.run();
    const url = first.steps['train']!.runMetadata['experiment_tracker_url']!;
    expect(url).toEqual({ type: 'uri', value: only(first, 'train').url });
    expect(atTracker(url.value as string)).toMatchObject({ status: 'completed' });
    const again = await example.run();
    expect(again.steps['train']).toMatchObject({ status: 'cached', cached: true, attempt: 0 });
    expect(again.steps['train']!.runMetadata['experiment_tracker_url']).toEqual(url);
    expect(again.result).toEqual(first.result);
  });

  it('has no tracker run for a step without the option, and no parent when no step is tracked', async () => {
    const run = await pipeline('plain', () => load()).run();
    expect(run.steps['load']!.attempts[0]!.trackerRuns).toEqual([]);
    expect(run.trackerRuns).toEqual([]);
  });

  it('opens a parent tracker run that ends with the run', async () => {
    const run = await example.run();
    expect(run.trackerRuns).toHaveLength(1);
    expect(atTracker(run.trackerRuns[0]!.url)).toMatchObject({ status: 'completed' });
  });
});

it('a run of a body that calls no step carries a warning', async () => {
  const none = pipeline('none', () => undefined);
  expect(await none.run()).toMatchObject({
    status: 'completed',
    warnings: ['the body of pipeline "none" called no step, so nothing ran'],
  });
});

describe('failures', () => {
  const bad = step('bad', { experimentTracker: true }, async (): Promise<number> => {
    activeRun().logMetrics({ before: 1 });
    throw new TypeError('boom in bad');
  });
  const good = step('good', { experimentTracker: true }, async () => 1);

  it('of a step are those of its tracker run, even when a good step follows', async () => {
    const both = pipeline('both', () => {
      bad();
      good();
    });
    const run = await both.run({}, { executionMode: 'continue-on-failure', concurrency: 1 });
    expect(run.status).toBe('failed');
    expect(run.error!.message).toContain('boom in bad');
    expect(run.steps['bad']).toMatchObject({ status: 'failed', error: { name: 'TypeError', message: 'boom in bad' } });
    expect(run.steps['good']!.status).toBe('completed');
    expect(atTracker(only(run, 'bad').url)).toMatchObject({ status: 'failed', error: { message: 'boom in bad' } });
    expect(atTracker(only(run, 'good').url)).toMatchObject({ status: 'completed' });
    expect(atTracker(run.trackerRuns[0]!.url)).toMatchObject({ status: 'failed' });
    expect(only(run, 'bad')).toMatchObject({ status: 'failed', delivered: true });
    expect(run.steps['bad']!.runMetadata['experiment_tracker_url']!.value).toBe(only(run, 'bad').url);
    expect(run.steps['bad']!.tracker.metrics['before']).toMatchObject({ last: 1 });
  });

  it('end the steps below as skipped', async () => {
    const next = step('next', async ({ x }: { x: number }) => x);
    const run = await pipeline('below', () => next({ x: bad() })).run();
    expect(run.steps['next']).toMatchObject({ status: 'skipped', attempt: 0, reason: 'step "bad" failed' });
    expect(run.result).toBeUndefined();
  });

  it('are each the reason for the steps below it, and for no others', async () => {
    const worse = step('worse', { cache: false }, async () => {
      await badEnded;
      await delay(50);
      throw new Error('too');
    });
    let ended: () => void;
    const badEnded = new Promise<void>((resolve) => (ended = resolve));
    const next = step('next', async () => 1);
    const last = step('last', async ({ x }: { x: number }) => x);
    const two = pipeline('two', () => {
      bad();
      last({ x: next(undefined, { after: [worse()] }) });
    });
    const onStep = ({ step, status }: StepEvent): void => {
      if (step === 'bad' && status === 'failed') ended();
    };
    const run = await two.run({}, { executionMode: 'continue-on-failure', onStep });
    expect(run.error!.message).toContain('step "bad" failed');
    for (const below of ['next', 'last']) expect(run.steps[below]).toMatchObject({ status: 'skipped', reason: 'step "worse" failed' });
  });

  it('of storing an output fail step and tracker run, and name the output', async () => {
    const odd = step('odd', { experimentTracker: true }, async () => ({ deep: { call: () => 1 } }));
    const run = await pipeline('odd-output', () => odd()).run();
    expect(run.steps['odd']!.status).toBe('failed');
    expect(run.steps['odd']!.error!.message).toMatch(/output "output" of step "odd" cannot be stored: output\.deep\.call is a function/);
    expect(atTracker(only(run, 'odd').url)).toMatchObject({ status: 'failed' });
    expect(run.steps['odd']!.outputs).toEqual({});
  });

  it('of storing a cycle name the output at both ends of it', async () => {
    const round = step('round', async () => {
      const at: { next?: unknown } = {};
      at.next = { at };
      return at as { next: { x: number } };
    });
    const { error } = (await pipeline('round', () => round()).run()).steps['round']!;
    expect(error!.message).toContain('output.next.at is a cycle back to output,');
  });

  it('are told to whoever listens, also if what was thrown is undefined', async () => {
    const heard: (string | undefined)[] = [];
    const thrower = step('thrower', async () => Promise.reject(undefined as unknown as Error));
    const onStep = ({ status, message }: StepEvent): void => void (status === 'failed' && heard.push(message));
    await pipeline('throws-undefined', () => void thrower()).run({}, { onStep });
    expect(heard).toEqual(['threw undefined']);
  });

  it('of storing an instance within an object say that a materializer serves a whole output only', async () => {
    class Forest {
      readonly trees = 3;
    }
    registerMaterializer<Forest>({
      name: 'forest-of-test',
      version: 1,
      handles: (value): value is Forest => value instanceof Forest,
      save: async (value) => value.trees,
      load: async () => new Forest(),
    });
    const nested = step('nested', async () => ({ best: new Forest() }));
    const { error } = (await pipeline('nested-instance', () => nested()).run()).steps['nested']!;
    expect(error).toMatchObject({ name: 'OUTPUT_NOT_STORABLE', message: expect.stringContaining('output.best is an instance of Forest, and a materializer serves a whole output only. Return plain data, or make it an output of its own') }); // prettier-ignore
  });

  it('of storing a file, a folder, a stream or a promise within an object speak of no materializer', async () => {
    const give = { file: file('x'), folder: folder('x'), stream: stream(async function* () {}), promise: Promise.resolve(1) };
    const parts = step('parts', { cache: false }, ({ kind }: { kind: string }) => ({ best: give[kind as keyof typeof give] }));
    const run = await pipeline('parts', () => void Object.keys(give).map((kind) => parts({ kind }))).run({}, { executionMode: 'continue-on-failure' }); // prettier-ignore
    const messages = Object.values(run.steps).map(({ error }) => error!.message.replace(/^.* cannot be stored: /, ''));
    const own = 'which can only be an output of its own. Name it in the outputs of the step: step(name, { outputs }, fn).';
    expect(messages).toEqual([
      `output.best is a file, ${own}`,
      `output.best is a folder, ${own}`,
      `output.best is a stream, ${own}`,
      'output.best is a Promise (await it). Await it before the step returns.',
    ]);
  });

  it('of storing a file or a folder that is not there speak of paths, not of materializers', async () => {
    const here = project.project.root;
    const advice = 'Write it before the step returns: file() takes a file, folder() a folder of files, by a path from the working directory or an absolute one.'; // prettier-ignore
    const mistakes: [name: string, () => unknown, reason: string][] = [
      ['no-file', () => file(`${here}/nope`), `there is no file ${here}/nope`],
      ['no-folder', () => folder(`${here}/nope`), `folder("${here}/nope") is a folder that is not there`],
      ['a-folder', () => file(here), `file("${here}") is a folder (use folder())`],
    ];
    for (const [name, make, reason] of mistakes) {
      const made = step(name, { cache: false }, make);
      const { error } = (await pipeline(name, () => void made()).run()).steps[name]!;
      expect(error!.message).toBe(`output "output" of step "${name}" cannot be stored: ${reason}. ${advice}`);
    }
  });

  it('of loading an input fail step and tracker run, and name the input', async () => {
    const use = step('use', { experimentTracker: true, cache: false }, async ({ list }: { list: number[] }) => list.length);
    const broken = pipeline('broken-input', () => use({ list: source() }));
    const first = await broken.run();
    const path = fileURLToPath(first.steps['source']!.outputs['output']!.uri!);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/\d/, '7'));
    const run = await broken.run();
    expect(run.steps['source']!.status).toBe('cached');
    expect(run.steps['use']!.error!.message).toMatch(
      /input "list" of step "use" cannot be loaded.*sha256.*\. Run the pipeline with --no-cache/,
    );
    expect(atTracker(only(run, 'use').url)).toMatchObject({ status: 'failed' });
  });

  it('pause before a retry also for longer than a timer can be set for', async () => {
    const flaky = step('flaky', { retry: { retries: 1, delayMs: 30 * 86_400_000 } }, async () => {
      throw new Error('not yet');
    });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 200);
    const run = await pipeline('patient', () => flaky()).run({}, { signal: stop.signal });
    expect(run.steps['flaky']!.attempts).toHaveLength(1);
  });

  it('are retried after pauses that grow by the backoff, and the pause is none of an attempt', async () => {
    const starts: number[] = [];
    const flaky = step('flaky', { retry: { retries: 3, delayMs: 40, backoff: 2 } }, async () => {
      starts.push(performance.now());
      throw new Error('not yet');
    });
    const run = await pipeline('pauses', () => flaky()).run();
    const pauses = starts.slice(1).map((at, index) => at - starts[index]!);
    for (const [index, least] of [40, 80, 160].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least - 2);
    const { attempts } = run.steps['flaky']!;
    expect(attempts).toHaveLength(4);
    for (const [index, least] of [40, 80, 160].entries())
      expect(Date.parse(attempts[index + 1]!.startedAt) - Date.parse(attempts[index]!.endedAt!)).toBeGreaterThanOrEqual(least - 2);
  });

  it('of a run that is resumed are told with the number of the attempt that is retried, which earlier sessions count for', async () => {
    const bad = step('bad', { cache: false, retry: { retries: 1 } }, async () => {
      throw new Error('no');
    });
    const counted = pipeline('counted', () => bad());
    await counted.run({}, { name: 'counted' });
    const events: StepEvent[] = [];
    await resumeRun('counted', { pipeline: counted, onStep: (event) => void events.push(event) });
    expect(events.map(({ status, attempt }) => `${status} ${attempt}`)).toEqual(['running 3', 'retrying 3', 'running 4', 'failed 4']);
  });

  it('tell of the end of a step also where the run is stopped in the pause before a retry', async () => {
    const bad = step('bad', { cache: false, retry: { retries: 1, delayMs: 600_000 } }, async () => {
      throw new Error('not yet');
    });
    const stop = new AbortController();
    const events: StepEvent[] = [];
    const onStep = (event: StepEvent): void => {
      events.push(event);
      if (event.status === 'retrying') setImmediate(() => stop.abort());
    };
    const run = await pipeline('paused', () => bad()).run({}, { signal: stop.signal, onStep });
    expect(run.status).toBe('killed');
    expect(run.steps['bad']).toMatchObject({ status: 'failed', attempt: 1 });
    expect(events.map(({ status }) => status)).toEqual(['running', 'retrying', 'failed']);
    expect(events.at(-1)).toMatchObject({ step: 'bad', attempt: 1, message: 'not yet' });
  });

  it('point to no second tracker run where the run is stopped in the pause before that is made', async () => {
    const bad = step('bad', { cache: false, experimentTracker: true, retry: { retries: 1, delayMs: 600_000 } }, async () => {
      throw new Error('not yet');
    });
    const stop = new AbortController();
    const onStep = ({ status }: StepEvent): void => void (status === 'retrying' && setTimeout(() => stop.abort(), 200));
    const run = await pipeline('paused', () => bad()).run({}, { signal: stop.signal, onStep });
    expect(only(run, 'bad')).toMatchObject({ status: 'failed', delivered: true, supersededBy: null });
    expect(atTracker(only(run, 'bad').url)).toMatchObject({ status: 'failed', supersededBy: null });
  });

  it('that a retry mends leave two tracker runs, the first one failed and pointing to the second', async () => {
    let tries = 0;
    const flaky = step('flaky', { experimentTracker: true, retry: { retries: 2 } }, async () => {
      if (++tries === 1) throw new Error('not yet');
      return tries;
    });
    const run = await pipeline('retried', () => flaky()).run();
    const [first, second] = run.steps['flaky']!.attempts.map((attempt) => attempt.trackerRuns[0]!);
    expect(run.steps['flaky']).toMatchObject({ status: 'completed', attempt: 2 });
    expect(first).toMatchObject({ status: 'failed', supersededBy: second!.id });
    expect(second).toMatchObject({ status: 'completed', supersededBy: null });
    expect(atTracker(first!.url)).toMatchObject({ status: 'failed', supersededBy: second!.id });
    expect(run.steps['flaky']!.runMetadata['experiment_tracker_url']!.value).toBe(second!.url);
  });

  it('of a timeout come at once, and the late result is dropped', async () => {
    const slow = step('slow', { timeoutMs: 20 }, async () => new Promise((resolve) => setTimeout(resolve, 60_000, 'late').unref()));
    const before = Date.now();
    const run = await pipeline('timed', () => slow()).run();
    expect(Date.now() - before).toBeLessThan(30_000);
    expect(run.steps['slow']!.error!.message).toContain('took longer than 20 ms');
  });

  it.each([
    ['a time that is up', { timeoutMs: 50 }, 'failed'],
    ['the caller giving up', {}, 'killed'],
  ])('of %s end a step that is still waiting for its input', async (_, options, status) => {
    class Silent {}
    registerMaterializer<Silent>({
      name: `silent-${status}`,
      version: 1,
      handles: (value): value is Silent => value instanceof Silent,
      save: async (_value, out) => {
        await out.write(new Uint8Array(1));
        return null;
      },
      load: () => new Promise(() => undefined),
    });
    const silent = step('silent', { cacheKey: status }, async () => new Silent());
    const waits = step('waits', { cache: false, ...options }, async (given: { x: Silent }) => Object.keys(given).length);
    await pipeline('waiting', () => void silent()).run();
    const stop = new AbortController();
    if (status === 'killed') setTimeout(() => stop.abort(), 500);
    const running = pipeline('waiting', () => void waits({ x: silent() })).run({}, { signal: stop.signal });
    const hangs = new Promise((resolve) => setTimeout(resolve, 5_000, 'hangs').unref());
    const seen = running.then(({ steps }) => [steps['silent']!.status, steps['waits']!.status]);
    expect(await Promise.race([seen, hangs])).toEqual(['cached', status]);
  });

  it('of a time that is up end a step that has returned, too, while a materializer is at what it returned', async () => {
    class Endless {}
    registerMaterializer<Endless>({
      name: 'endless-of-test',
      version: 1,
      handles: (value): value is Endless => value instanceof Endless,
      save: () => new Promise(() => undefined),
      load: async () => new Endless(),
    });
    const endless = step('endless', { cache: false, timeoutMs: 50 }, async () => new Endless());
    const running = pipeline('saving', () => void endless()).run();
    const hangs = new Promise((resolve) => setTimeout(resolve, 30_000, 'hangs').unref());
    const end = await Promise.race([running.then(({ steps }) => steps['endless']!.error!.name), hangs]);
    expect(end).toBe('STEP_TIMEOUT');
  });

  it('throw when asked to', async () => {
    await expect(pipeline('thrown', () => bad()).run({}, { throwOnFailure: true })).rejects.toMatchObject({ code: 'RUN_FAILED' });
  });

  it('of the caller giving up end the run as killed', async () => {
    const stop = new AbortController();
    const wait = step('wait', { experimentTracker: true }, async () => {
      stop.abort();
      await new Promise((_, reject) => activeRun().signal.addEventListener('abort', () => reject(new Error('heard'))));
    });
    const run = await pipeline('given-up', () => wait()).run({}, { signal: stop.signal });
    expect(run.status).toBe('killed');
    expect(run.steps['wait']!.status).toBe('killed');
    expect(atTracker(only(run, 'wait').url)).toMatchObject({ status: 'killed' });
  });

  it('of a step that throws how a run of its own was stopped are failures, retried as any', async () => {
    let attempts = 0;
    const begins = step('begins', { cache: false, retry: { retries: 1 } }, async () => {
      attempts++;
      const stop = new AbortController();
      const stopped = Promise.withResolvers<unknown>();
      const inner = step('inner', { cache: false }, async () => {
        stop.abort();
        stopped.resolve(activeRun().signal.reason);
      });
      await pipeline('inner', () => inner()).run({}, { signal: stop.signal });
      throw await stopped.promise;
    });
    const run = await pipeline('outer', () => begins()).run();
    expect(run).toMatchObject({
      status: 'failed',
      error: { name: 'RUN_KILLED', message: 'step "begins" failed: the run was killed (aborted by its caller)' },
      steps: { begins: { status: 'failed' } },
    });
    expect(attempts).toBe(2);
  });

  it('are ended as failures also where a step throws that an attempt elsewhere was taken over', async () => {
    const lost = step('lost', { cache: false, experimentTracker: true }, () => {
      throw new FenceLost({ step: 'other', attempt: 1 });
    });
    const run = await pipeline('lost', () => lost()).run();
    expect(run.steps['lost']).toMatchObject({ status: 'failed', error: { name: 'FENCE_LOST' } });
    expect(atTracker(only(run, 'lost').url)).toMatchObject({ status: 'failed' });
  });
});

describe('the shape of a plan', () => {
  const numbers = step('numbers', async () => [3, 1, 2]);
  const double = step('double', { experimentTracker: true }, async ({ n, by }: { n: number; by: number }) => {
    activeRun().logMetrics({ n });
    return n * by;
  });
  const sum = step('sum', async ({ all }: { all: number[] }) => all.reduce((a, b) => a + b, 0));

  it('maps over an array, one step run and one tracker run per item', async () => {
    const run = await pipeline('mapped', () => sum({ all: double.map({ n: numbers() }, { by: 10 }) })).run();
    expect(run.result).toBe(60);
    expect(Object.keys(run.steps)).toEqual(expect.arrayContaining(['numbers', 'double[0]', 'double[1]', 'double[2]', 'sum']));
    expect(run.steps['double[1]']!.inputs['n']).toEqual({ artifact: 'mapped/numbers/output', version: 1, item: 1 });
    expect(run.steps['sum']!.inputs['all']).toHaveLength(3);
    expect(atTracker(only(run, 'double[2]').url)).toMatchObject({ metrics: { n: 2 } });
  });

  it('maps over the items of a mapped step, a list of outputs, and either of them or an array as a branch', async () => {
    const next = step('next', async ({ n }: { n: number }) => n + 1);
    const is = step('is', async ({ yes }: { yes: boolean }) => yes);
    const tenfold = () => double.map({ n: numbers() }, { by: 10 });
    const result = async (body: () => StepOutput<readonly number[]>) =>
      (await pipeline('again', () => next.map({ n: body() })).run()).result;
    expect(await result(tenfold)).toEqual([31, 11, 21]);
    expect(await result(() => [next({ n: 1 }), next({ n: 2 })] as never)).toEqual([3, 4]);
    const branches = { then: tenfold, else: () => numbers() };
    expect(await result(() => when(is({ yes: true }), branches))).toEqual([31, 11, 21]);
    expect(await result(() => when(is({ yes: false }), branches))).toEqual([4, 2, 3]);
  });

  it('maps over nothing', async () => {
    const none = step('none', async (): Promise<number[]> => []);
    expect((await pipeline('empty', () => sum({ all: double.map({ n: none() }, { by: 1 }) })).run()).result).toBe(0);
  });

  it('says what it cannot be mapped over', async () => {
    const one = step('one', async () => 5 as unknown as number[]);
    const run = await pipeline('not-mapped', () => double.map({ n: one() }, { by: 1 })).run();
    expect(run.status).toBe('failed');
    expect(run.error!.message).toContain('cannot be mapped over input "n": it is a number');
  });

  it('takes one branch of when, and skips the other', async () => {
    const is = step('is', async ({ yes }: { yes: boolean }) => yes);
    const a = step('a', async () => 'a');
    const b = step('b', async () => 'b');
    const choice = pipeline('choice', { params: { yes: true } }, ({ yes }) => when(is({ yes }), { then: () => a(), else: () => b() }));
    const yes = await choice.run({ yes: true });
    expect(yes.result).toBe('a');
    expect(yes.steps['b']!.status).toBe('skipped');
    const no = await choice.run({ yes: false });
    expect(no.result).toBe('b');
    expect(no.steps['a']!.status).toBe('skipped');
  });

  it('fails the steps of both branches on what is neither true nor false, mapped or not: it is no reason to skip them', async () => {
    const odd = step('odd', (): boolean => 'yes' as never);
    const a = step('a', ({ n = 1 }: { n?: number }) => n);
    const choice = pipeline('odd-choice', () => when(odd(), { then: () => a({}), else: () => a.map({ n: [1, 2] }) }));
    const run = await choice.run({}, { executionMode: 'continue-on-failure' });
    expect(run.status).toBe('failed');
    for (const id of ['a', 'a_2'])
      expect(run.steps[id]).toMatchObject({
        status: 'failed',
        error: { message: expect.stringContaining('when() was given the output of step "odd", which is the text "yes"') },
      });
    expect(run.error!.message).toMatch(/It takes the output of a step that gives true or false/);
  });

  it('splits declared outputs, logs tracked ones, and names the one that is missing', async () => {
    const split = step('split', { experimentTracker: true, outputs: { left: {}, score: tracked.metrics() } }, async () => ({
      left: [1],
      score: { acc: 0.5 },
    }));
    const use = step('use', async ({ left }: { left: number[] }) => left.length);
    const run = await pipeline('split', () => use({ left: split().left })).run();
    expect(run.result).toBe(1);
    expect(run.steps['split']!.tracker.metrics['acc']).toMatchObject({ last: 0.5 });
    const missing = step('missing', { outputs: ['x', 'y'] }, async () => ({ x: 1 }) as { x: number; y: number });
    const failed = await pipeline('missing', () => missing().x)
      .run({}, { throwOnFailure: true })
      .catch((error: Error) => error);
    expect(failed).toMatchObject({
      message: expect.stringContaining('declares the output "y", but returned only x'),
      cause: { code: 'OUTPUT_MISSING' },
    });
  });

  it('runs nested pipelines', async () => {
    const inner = pipeline('inner', { params: { by: 2 } }, ({ by }, { n }: { n: ReturnType<typeof sum> }) => double({ n, by }));
    const outer = pipeline('outer', () => inner({ n: sum({ all: numbers() }) }, { by: 7 }));
    const run = await outer.run();
    expect(run.result).toBe(42);
    expect(run.steps['inner.double']!.status).toBe('completed');
  });

  it('hands each step a value of its own: what one changes, no other sees', async () => {
    const make = step('make', async () => ({ list: [1] }));
    const spoil = step('spoil', async ({ value }: { value: { list: number[] } }) => value.list.push(2));
    const read = step('read', async ({ value }: { value: { list: number[] } }) => value.list);
    const shared = pipeline('shared', () => {
      const value = make();
      const spoilt = spoil({ value });
      return read({ value }, { after: [spoilt] });
    });
    expect((await shared.run()).result).toEqual([1]);
  });
});

describe('parallel steps', () => {
  it('keep their events apart: 50 tracked ones, none in the run of another', async () => {
    const each = step('each', { experimentTracker: true, cache: false }, async ({ i }: { i: number }) => {
      for (let n = 0; n < 20; n++) {
        activeRun().logMetrics({ i }, { step: n });
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
      }
      activeRun().logParams({ me: i });
      return i;
    });
    const run = await pipeline('fifty', { params: { is: [0] } }, ({ is }) => each.map({ i: is })).run(
      { is: Array.from({ length: 50 }, (_, i) => i) },
      { concurrency: 50 },
    );
    expect(run.status).toBe('completed');
    for (let i = 0; i < 50; i++) {
      const { tracker } = run.steps[`each[${i}]`]!;
      expect(tracker.metrics['i']).toMatchObject({ min: i, max: i, count: 20 });
      expect(tracker.params).toMatchObject({ me: i });
      expect(atTracker(only(run, `each[${i}]`).url)).toMatchObject({ status: 'completed', metrics: { i }, params: { me: i } });
    }
  });

  it('that blocked its process longer than its time fails all the same', async () => {
    const busy = step('busy', { timeoutMs: 30, cache: false }, async () => {
      for (const end = Date.now() + 100; Date.now() < end;);
      return 1;
    });
    const run = await pipeline('blocking', () => busy()).run();
    expect(run.steps['busy']).toMatchObject({ status: 'failed', error: { name: 'STEP_TIMEOUT' } });
  });

  it('skips the items of a map that a failure kept from starting, also when it goes on and fails again', async () => {
    const each = step('each', { cache: false }, async ({ n }: { n: number }) => {
      if (n === 1) throw new Error('no');
      return n;
    });
    const items = pipeline('items', () => each.map({ n: [0, 1, 2, 3] }));
    const run = await items.run({}, { name: 'items', concurrency: 1 });
    for (const { steps } of [run, await resumeRun('items', { pipeline: items, concurrency: 1 })])
      expect(Object.entries(steps).map(([name, { status }]) => [name, status])).toEqual([
        ['each[0]', 'completed'],
        ['each[1]', 'failed'],
        ['each[2]', 'skipped'],
        ['each[3]', 'skipped'],
      ]);
  });

  it('shows a map over nothing as skipped, and gives the empty list', async () => {
    const each = step('each', async ({ n }: { n: number }) => n);
    const run = await pipeline('nothing', () => each.map({ n: [] })).run();
    expect(run).toMatchObject({ status: 'completed', result: [], steps: { each: { status: 'skipped' } } });
  });

  it('goes on when its listener throws, which is a warning', async () => {
    const one = step('one', { cache: false }, async () => 1);
    const onStep = (): never => {
      throw new Error('deaf');
    };
    const run = await pipeline('listened', () => one()).run({}, { onStep });
    expect(run).toMatchObject({ status: 'completed', warnings: ['onStep failed: deaf'] });
  });

  it.each(['stopped', 'timed out'])('that a step has begun is stopped when the step is %s', async (how) => {
    const stop = new AbortController();
    let ended: Promise<PipelineRun> | undefined;
    const waits = step('waits', { cache: false }, async () => {
      if (how === 'stopped') stop.abort();
      await new Promise(() => undefined);
    });
    const within = pipeline('inner', () => void waits());
    const begins = step('begins', { cache: false, ...(how === 'timed out' && { timeoutMs: 300 }) }, async () => {
      await (ended = within.run());
    });
    const outer = await pipeline('outer', () => void begins()).run({}, { signal: stop.signal });
    expect(outer.status).toBe(how === 'stopped' ? 'killed' : 'failed');
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 3_000).unref());
    const inner = await Promise.race([ended, late]);
    const reason = how === 'stopped' ? 'aborted by its caller' : 'step "begins" took longer than 300 ms';
    expect(outer.steps['begins']!.error!.message).toContain(reason);
    const error = { message: `the run was killed (${reason})` };
    expect(inner).toMatchObject({ status: 'killed', error, steps: { waits: { status: 'killed' } } });
  });

  it('that is stopped after a step failed is killed', async () => {
    const stop = new AbortController();
    const failed = Promise.withResolvers<void>();
    const bad = step('bad', { cache: false, onFailure: () => failed.resolve() }, async () => {
      throw new Error('no');
    });
    const slow = step('slow', { cache: false }, async () => {
      await failed.promise;
      stop.abort();
      await new Promise(() => undefined);
    });
    const run = await pipeline('stopped', () => void [bad(), slow()]).run(
      {},
      { signal: stop.signal, executionMode: 'continue-on-failure' },
    );
    expect(run.status).toBe('killed');
    expect(run.steps['bad']!.status).toBe('failed');
  });
});
