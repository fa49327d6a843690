import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { Client, pipeline, step, type PipelineHookEvent, type StepHookEvent } from '../index.ts';
import { temporaryProject } from '../testing/temporary-project.ts';

let project: Awaited<ReturnType<typeof temporaryProject>>;

beforeAll(async () => {
  project = await temporaryProject();
});
afterAll(() => project.remove());

type Told = [hook: string, of: string, status: string];

function recorder() {
  const told: Told[] = [];
  const tell =
    (hook: string) =>
    (event: StepHookEvent | PipelineHookEvent): void =>
      void told.push([hook, 'step' in event ? event.step : event.pipeline, event.status]);
  return { told, onStart: tell('onStart'), onSuccess: tell('onSuccess'), onFailure: tell('onFailure'), onEnd: tell('onEnd') };
}

describe('hooks', () => {
  it('of a step and of its pipeline are called as they start and end', async () => {
    const { told, ...hooks } = recorder();
    const load = step('load', { ...hooks, cache: false }, async () => 1);
    await pipeline('told', hooks, () => void load()).run();
    expect(told).toEqual([
      ['onStart', 'told', 'running'],
      ['onStart', 'load', 'running'],
      ['onSuccess', 'load', 'completed'],
      ['onEnd', 'load', 'completed'],
      ['onSuccess', 'told', 'completed'],
      ['onEnd', 'told', 'completed'],
    ]);
  });

  it('and whoever listens to the steps are told how long it took, whatever is done to the clock meanwhile', async () => {
    const clock = Date.now.bind(Date);
    const took: number[] = [];
    const onEnd = ({ durationMs }: { durationMs: number }): void => void took.push(durationMs);
    const back = step('back', { onEnd, cache: false }, async () => {
      jest.spyOn(Date, 'now').mockImplementation(() => clock() - 3_600_000);
    });
    const onStep = ({ status, durationMs }: { status: string; durationMs: number }): void =>
      void (status === 'completed' && took.push(durationMs));
    await pipeline('clock', { onEnd }, () => void back())
      .run({}, { onStep })
      .finally(() => jest.restoreAllMocks());
    expect(took).toHaveLength(3);
    for (const ms of took) expect([ms >= 0, ms < 60_000, Number.isInteger(ms)]).toEqual([true, true, true]);
  });

  it('of a failed step are called once, after the last retry, with the error as it was thrown', async () => {
    const error = new Error('no');
    const seen: unknown[] = [];
    let tries = 0;
    const bad = step('bad', { retry: { retries: 2 }, onFailure: (event) => void seen.push(event.error, tries) }, async () => {
      tries++;
      throw error;
    });
    await pipeline('failing', () => void bad()).run();
    expect(seen).toEqual([error, 3]);
  });

  it('that throw or reject are warnings of the run and change nothing else', async () => {
    const fail = (): never => {
      throw new Error('mail server is down');
    };
    const load = step('load', { cache: false, onStart: fail, onSuccess: async () => fail() }, async () => 1);
    const run = await pipeline('warned', { onEnd: fail }, () => void load()).run();
    expect(run.status).toBe('completed');
    expect(run.warnings).toEqual([
      'hook onStart of step "load" failed: mail server is down',
      'hook onSuccess of step "load" failed: mail server is down',
      'hook onEnd of pipeline "warned" failed: mail server is down',
    ]);
    expect((await new Client().getPipelineRun('latest')).warnings).toEqual(run.warnings);
  });

  it('see the run as it is recorded: a step is completed in the store when onSuccess is called', async () => {
    const seen: unknown[] = [];
    const client = new Client();
    const look = async ({ runName }: StepHookEvent): Promise<void> =>
      void seen.push((await client.getPipelineRun(runName)).steps['load']!.status);
    const load = step('load', { cache: false, onSuccess: look }, async () => 1);
    await pipeline('recorded', () => void load()).run();
    expect(seen).toEqual(['completed']);
    await client.close();
  });

  it('are not called for a step that comes from the cache', async () => {
    const { told, ...hooks } = recorder();
    const load = step('cached', { ...hooks, cacheKey: 'one' }, async () => 1);
    const p = pipeline('caching', () => void load());
    await p.run();
    await p.run();
    expect(told.map(([hook]) => hook)).toEqual(['onStart', 'onSuccess', 'onEnd']);
  });

  it('that hang do not keep a run that is stopped', async () => {
    const stop = new AbortController();
    const load = step('load', { cache: false, onStart: () => new Promise(() => setTimeout(() => stop.abort(), 50)) }, async () => 1);
    const run = await pipeline('hanging', () => void load()).run({}, { signal: stop.signal });
    expect(run.status).toBe('killed');
    expect(run.warnings).toEqual(['hook onStart of step "load" did not end in time: the run went on without it']);
  });

  it('of a run that failed fast are waited for as those of any other that failed, until somebody stops it', async () => {
    const bad = step('bad', { cache: false }, async () => {
      throw new Error('no');
    });
    let told = false;
    const slow = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 2_300));
      told = true;
    };
    const stop = new AbortController();
    const hangs = (): Promise<never> => new Promise(() => setTimeout(() => stop.abort(), 50));
    const failing = pipeline('failing-fast', { onFailure: slow, onEnd: hangs }, () => void bad());
    const run = await failing.run({}, { executionMode: 'fail-fast', signal: stop.signal });
    expect([told, run.status, run.warnings]).toEqual([
      true,
      'failed',
      ['hook onEnd of pipeline "failing-fast" did not end in time: the run went on without it'],
    ]);
  });

  it('that are no functions are refused', () => {
    expect(() => step('odd', { onEnd: 'mail' as never }, async () => 1)).toThrow(/onEnd.*must be a function/);
  });
});
