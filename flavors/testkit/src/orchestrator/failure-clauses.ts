import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { failureOf } from '../failure-of.ts';
import { within } from '../within.ts';
import { FakeRun } from './fake-run.ts';
import { assertRan, type Clause } from './orchestrator-place.ts';
import type { OrchestratorSuite } from './orchestrator-suite.ts';
import { from, plan, step } from './plan.ts';

const LIMIT_MS = 5_000;
const MODES = ['fail-fast', 'stop-on-failure', 'continue-on-failure'] as const;

const SPREADING = plan(
  step('bad'),
  step('beside'),
  step('next', { x: from('bad') }),
  step('far', {}, { after: ['next'] }),
  step('if', {}, { when: [{ from: 'bad', output: 'output', is: true }] }),
  step('each', { x: from('next') }, { map: ['x'] }),
  step('both', { x: { list: [from('bad'), from('beside')] } }),
  step('later', { x: from('beside') }),
);

/** What happens when steps fail. */
export function failureClauses(it: Clause, { sequential = false }: OrchestratorSuite): void {
  /** Steps that have begun wait for each other, so that one fails while the other runs. */
  const together = (count: number): (() => Promise<void>) => {
    const { promise: all, resolve } = Promise.withResolvers<void>();
    let begun = 0;
    return async () => {
      if (++begun === count || sequential) resolve();
      await Promise.race([all, delay(5_000)]);
    };
  };
  /** What has begun by then: of two steps beside each other a sequential orchestrator begins one. */
  const first = (...labels: string[]): string[] => (sequential ? labels.slice(0, 1) : labels);

  for (const outcome of ['failed', 'killed'] as const) {
    it(`stop-on-failure: after a step that ${outcome === 'failed' ? 'failed' : 'was killed'} nothing begins, and what runs comes to its end`, async (place) => {
      const run = await place.execute(SPREADING, { outcomes: { bad: outcome }, takes: { beside: 80 }, onStart: together(2) });
      assertRan(run, first('bad', 'beside'));
      assert.ok(!run.calls.includes('abort'), 'it aborted what ran');
    });
  }

  it('fail-fast: what runs is aborted, and nothing begins', async (place) => {
    const run = await place.execute(SPREADING, {
      mode: 'fail-fast',
      outcomes: { bad: 'failed' },
      takes: { beside: 'until abort' },
      onStart: together(2),
    });
    assertRan(run, first('bad', 'beside'));
  });

  it('continue-on-failure: all runs that is not downstream of the failure, and nothing else', async (place) => {
    const run = await place.execute(SPREADING, { mode: 'continue-on-failure', outcomes: { bad: 'failed' } });
    assertRan(run, ['bad', 'beside', 'later']);
    assert.ok(!run.calls.includes('abort'), 'it aborted what ran');
  });

  it('a step that fails is no failure of the orchestrator, in any mode', async (place) => {
    for (const mode of MODES) assertRan(await place.execute(plan(step('bad')), { mode, outcomes: { bad: 'failed' } }), ['bad']);
  });

  it('what breaks in Mortise itself while it runs a step is thrown', async (place) => {
    const run = new FakeRun({ breaks: { a: new Error('the store is gone') } });
    await within(LIMIT_MS, 'to give up', failureOf(place.orchestrator.execute(plan(step('a'), step('b', { x: from('a') })), run)));
    assertRan(run, ['a']);
  });
}
