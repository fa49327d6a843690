import { describe, expect, it } from '@jest/globals';

import type { InputSpec, PipelineSpec, StepSpec, StepStatus } from '../pipeline/pipeline-spec.ts';
import type { ExecutionMode } from '../stack/orchestrator.ts';
import { schedulePlan } from './schedule-plan.ts';

const from = (id: string): InputSpec => ({ from: id, output: 'output' });

function step(id: string, inputs: Record<string, InputSpec> = {}, more: Partial<StepSpec> = {}): StepSpec {
  return { id, name: id, module: 'm', inputs, outputs: [], splitOutputs: false, after: [], when: [], options: {}, ...more };
}

function plan(...steps: StepSpec[]): PipelineSpec {
  return { specVersion: 1, pipeline: 'p', style: 'function', module: 'm', params: {}, steps };
}

interface Told {
  order: string[];
  most: number;
  aborted: string[];
}

async function schedule(
  spec: PipelineSpec,
  o: {
    mode?: ExecutionMode;
    concurrency?: number;
    outcomes?: Record<string, StepStatus>;
    lengths?: Record<string, number>;
    stopAfter?: string;
  } = {},
): Promise<Told> {
  const told: Told = { order: [], most: 0, aborted: [] };
  const stop = new AbortController();
  let running = 0;
  await schedulePlan(
    spec,
    {
      executionMode: o.mode ?? 'stop-on-failure',
      concurrency: undefined,
      signal: stop.signal,
      abortRunning: (reason) => void told.aborted.push(reason),
      mapLength: async (id) => o.lengths?.[id],
      async runStep(id, index) {
        const label = index === undefined ? id : `${id}[${index}]`;
        told.order.push(label);
        told.most = Math.max(told.most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running--;
        if (o.stopAfter === label) stop.abort();
        return o.outcomes?.[label] ?? 'completed';
      },
    },
    { concurrency: o.concurrency ?? 10 },
  );
  return told;
}

describe('schedulePlan', () => {
  const diamond = plan(
    step('a'),
    step('b', { x: from('a') }),
    step('c', { x: from('a') }),
    step('d', { x: { list: [from('b'), from('c')] } }),
  );

  it('starts a step only after all it takes from, and independent ones at once', async () => {
    const { order, most } = await schedule(diamond);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
    expect(most).toBe(2);
  });

  it('never runs more at once than allowed', async () => {
    const wide = plan(...Array.from({ length: 20 }, (_, i) => step(`s${i}`)));
    expect((await schedule(wide, { concurrency: 3 })).most).toBe(3);
  });

  it('starts nothing more after a failure by default', async () => {
    const { order } = await schedule(
      plan(step('bad'), step('next', { x: from('bad') }), step('far', {}, { after: ['next'] }), step('other')),
      {
        concurrency: 1,
        outcomes: { bad: 'failed' },
      },
    );
    expect(order).toEqual(['bad']);
  });

  it('runs all that is not downstream of a failure under continue-on-failure', async () => {
    const spec = plan(
      step('bad'),
      step('next', { x: from('bad') }),
      step('far', {}, { after: ['next'] }),
      step('other'),
      step('beside', {}, { after: ['other'] }),
    );
    const { order } = await schedule(spec, { mode: 'continue-on-failure', outcomes: { bad: 'failed' } });
    expect(order).toEqual(['bad', 'other', 'beside']);
  });

  it('aborts what runs under fail-fast', async () => {
    const { aborted } = await schedule(plan(step('bad'), step('slow')), { mode: 'fail-fast', outcomes: { bad: 'failed' } });
    expect(aborted).toEqual(['step "bad" failed']);
  });

  it('takes as many items as a list can have', async () => {
    const length = 200_000;
    let ran = 0;
    const run = {
      executionMode: 'stop-on-failure' as const,
      concurrency: undefined,
      signal: new AbortController().signal,
      abortRunning: () => undefined,
      mapLength: async () => length,
      runStep: async (): Promise<StepStatus> => (ran++, 'completed'),
    };
    await schedulePlan(plan(step('each', { x: { value: [] } }, { map: ['x'] })), run, { concurrency: 4 });
    expect(ran).toBe(length);
  });

  it('runs a mapped step once per item and its dependents after the last', async () => {
    const spec = plan(step('items'), step('each', { item: from('items') }, { map: ['item'] }), step('sum', { all: from('each') }));
    const { order } = await schedule(spec, { lengths: { each: 3 } });
    expect(order).toEqual(['items', 'each[0]', 'each[1]', 'each[2]', 'sum']);
  });

  it('goes on with the other items of a mapped step under continue-on-failure, but not below it', async () => {
    const spec = plan(step('each', {}, { map: ['item'] }), step('sum', { all: from('each') }));
    const { order } = await schedule(spec, {
      lengths: { each: 3 },
      mode: 'continue-on-failure',
      outcomes: { 'each[0]': 'failed' },
      concurrency: 1,
    });
    expect(order).toEqual(['each[0]', 'each[1]', 'each[2]']);
  });

  it('runs on below a skipped step: whoever is fed by it decides', async () => {
    const { order } = await schedule(plan(step('a'), step('b', {}, { after: ['a'] })), { outcomes: { a: 'skipped' } });
    expect(order).toEqual(['a', 'b']);
  });

  it('starts nothing more once the signal is aborted', async () => {
    const { order } = await schedule(plan(step('a'), step('b', { x: from('a') })), { stopAfter: 'a' });
    expect(order).toEqual(['a']);
  });

  it('waits for condition steps', async () => {
    const spec = plan(step('maybe', {}, { when: [{ from: 'good', output: 'output', is: true }] }), step('good'));
    expect((await schedule(spec)).order).toEqual(['good', 'maybe']);
  });

  it('follows a chain of 10,000 steps whose first one fails without running out of stack', async () => {
    const chain = Array.from({ length: 10_000 }, (_, i) => step(`s${i}`, i === 0 ? {} : { x: from(`s${i - 1}`) }));
    const { order } = await schedule(plan(...chain), { mode: 'continue-on-failure', outcomes: { s0: 'failed' } });
    expect(order).toEqual(['s0']);
  });
});
