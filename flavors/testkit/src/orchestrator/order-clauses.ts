import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { FakeRun } from './fake-run.ts';
import { assertAfter, assertRan, frozen, type Clause } from './orchestrator-place.ts';
import type { OrchestratorSuite } from './orchestrator-suite.ts';
import { from, many, plan, step } from './plan.ts';

const SOURCES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** One taker for each way in which a step can wait for another. */
const WAYS = plan(
  ...SOURCES.map((id) => step(id)),
  step('of a wire', { x: from('a') }),
  step('of a list', { x: { list: [from('b'), { list: [from('c')] }] } }),
  step('of a choice', { x: { when: { from: 'd', output: 'output' }, then: from('e'), else: from('f') } }),
  step('after', {}, { after: ['g'] }),
  step('if', {}, { when: [{ from: 'h', output: 'output', is: true }] }),
);
const WAITS: [taker: string, sources: string[]][] = [
  ['of a wire', ['a']],
  ['of a list', ['b', 'c']],
  ['of a choice', ['d', 'e', 'f']],
  ['after', ['g']],
  ['if', ['h']],
];

/** What runs when. */
export function orderClauses(it: Clause, { sequential = false }: OrchestratorSuite): void {
  it('a step begins when all that it waits for has ended: wires, lists, choices, conditions and "after"', async (place) => {
    const takes = Object.fromEntries(SOURCES.map((id) => [id, 30]));
    const run = await place.execute(WAYS, { takes });
    assertRan(run, [...SOURCES, ...WAITS.map(([taker]) => taker)]);
    for (const [taker, sources] of WAITS) assertAfter(run, taker, sources);
  });

  it('what a cached or a skipped step lets through runs', async (place) => {
    const run = await place.execute(
      plan(step('a'), step('b'), step('c', { x: from('a') }, { after: ['b'] }), step('d', { x: from('c') })),
      {
        outcomes: { a: 'cached', b: 'skipped', c: 'skipped' },
      },
    );
    assertRan(run, ['a', 'b', 'c', 'd']);
  });

  it('a long row of steps runs, and many beside each other', async (place) => {
    const row = many(60, (i) => step(`row${i}`, i === 0 ? {} : { x: from(`row${i - 1}`) }));
    const beside = many(60, (i) => step(`beside${i}`));
    const all = [...row, ...beside];
    const run = await place.execute(plan(...all));
    assertRan(
      run,
      all.map(({ id }) => id),
    );
    for (const [i, { id }] of row.entries()) if (i > 0) assertAfter(run, id, [`row${i - 1}`]);
  });

  it('a plan without steps is done', async (place) => {
    assert.deepEqual((await place.execute(plan())).calls, []);
  });

  it('the plan stays as it is', async (place) => {
    await place.execute(frozen(structuredClone(WAYS)));
  });

  it('two runs at once each run their own steps', async (place) => {
    const [one, two] = [new FakeRun(), new FakeRun()];
    const ids = ['a', 'b', 'c'];
    await Promise.all([
      place.follow(plan(...ids.map((id) => step(`one-${id}`))), one),
      place.follow(plan(...ids.map((id) => step(`two-${id}`))), two, await place.backend.create()),
    ]);
    for (const [name, run] of Object.entries({ one, two }))
      assertRan(
        run,
        ids.map((id) => `${name}-${id}`),
      );
  });

  for (const concurrency of [1, 2, 3]) {
    it(`at most ${concurrency} at once run when the run asks for that, items included`, async (place) => {
      const steps = [step('items', {}, { map: ['x'] }), ...many(8, (i) => step(`s${i}`))];
      const { most } = await place.execute(plan(...steps), { concurrency, lengths: { items: 8 } });
      assert.ok(most <= concurrency, `${most} ran at once`);
    });
  }

  if (sequential) return;

  it('steps that do not wait for each other run at once, and so do items', async (place) => {
    const { promise: all, resolve } = Promise.withResolvers<void>();
    let begun = 0;
    const run = await place.execute(plan(step('a'), step('each', {}, { map: ['x'] })), {
      lengths: { each: 2 },
      onStart: async () => {
        if (++begun === 3) resolve();
        await Promise.race([all, delay(5_000)]);
      },
    });
    assert.equal(run.most, 3, 'one waited for the end of another');
  });

  it('a step waits for nothing but what it takes from', async (place) => {
    const beside: boolean[] = [];
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const run: FakeRun = new FakeRun({
      async onStart(label) {
        if (label === 'slow') await Promise.race([begun, delay(5_000)]);
        if (label !== 'last') return;
        beside.push(run.running.has('slow'));
        resolve();
      },
    });
    await place.follow(plan(step('slow'), step('first'), step('next', { x: from('first') }), step('last', { x: from('next') })), run);
    assert.deepEqual(beside, [true], 'it waited for a step that it takes nothing from');
  });
}
