import assert from 'node:assert/strict';

import { assertAfter, assertRan, type Clause } from './orchestrator-place.ts';
import { from, plan, step } from './plan.ts';

const MAPPED = plan(
  step('items'),
  step('each', { x: from('items') }, { map: ['x'] }),
  step('again', { x: from('each') }, { map: ['x'] }),
  step('sum', { all: from('again') }),
);

/** Steps that run once per item. */
export function mapClauses(it: Clause): void {
  it('a mapped step runs once per item, and what takes from it after the last', async (place) => {
    const run = await place.execute(MAPPED, { lengths: { each: 3, again: 2 }, takes: { 'each[0]': 40, 'again[0]': 40 } });
    assertRan(run, ['items', 'each[0]', 'each[1]', 'each[2]', 'again[0]', 'again[1]', 'sum']);
    for (const item of ['again[0]', 'again[1]']) assertAfter(run, item, ['each[0]', 'each[1]', 'each[2]']);
    assertAfter(run, 'sum', ['again[0]', 'again[1]']);
  });

  it('the number of items is asked for when the inputs are there, and before the first runs', async (place) => {
    const { calls } = await place.execute(MAPPED, { lengths: { each: 3, again: 2 }, takes: { items: 30, 'each[0]': 40 } });
    const at = (call: string): number => calls.indexOf(call);
    assert.ok(at('length each') >= 0 && at('length again') >= 0, 'it did not ask');
    assert.ok(at('length each') > at('end items') && at('length again') > at('end each[0]'), 'it asked too early');
    assert.ok(at('length each') < at('start each[0]') && at('length again') < at('start again[0]'), 'it asked too late');
  });

  for (const [what, lengths] of [
    ['that has no items', { each: 0, again: 0 }],
    ['whose items are not known, as one that will be skipped,', {}],
  ] as const) {
    it(`a mapped step ${what} runs once, without an item`, async (place) => {
      const run = await place.execute(MAPPED, { lengths, outcomes: { each: 'skipped' } });
      assertRan(run, ['items', 'each', 'again', 'sum']);
      assertAfter(run, 'sum', ['again']);
    });
  }

  it('an item that fails keeps the others of its step from beginning, or not, as the run says', async (place) => {
    const options = { lengths: { each: 4, again: 4 }, outcomes: { 'each[0]': 'failed' }, concurrency: 1 } as const;
    assertRan(await place.execute(MAPPED, options), ['items', 'each[0]']);
    const items = ['each[0]', 'each[1]', 'each[2]', 'each[3]'];
    assertRan(await place.execute(MAPPED, { ...options, mode: 'continue-on-failure' }), ['items', ...items]);
  });
}
