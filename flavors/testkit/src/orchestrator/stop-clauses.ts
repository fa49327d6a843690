import assert from 'node:assert/strict';

import { failureOf } from '../failure-of.ts';
import { within } from '../within.ts';
import { FakeRun, type FakeRunOptions } from './fake-run.ts';
import { assertRan, type Clause, type OrchestratorPlace } from './orchestrator-place.ts';
import type { OrchestratorSuite } from './orchestrator-suite.ts';
import { from, many, plan, step } from './plan.ts';

const LIMIT_MS = 5_000;
const ROW = plan(step('a'), step('b', { x: from('a') }), step('c', { x: from('b') }));
const never = (): AbortSignal => new AbortController().signal;

/** Stopping a run, and what else belongs to a component. */
export function stopClauses(it: Clause, { takesDown = false }: OrchestratorSuite): void {
  it('of a run that was stopped before it begins, nothing runs', async (place) => {
    const run = new FakeRun();
    run.stop();
    await place.follow(ROW, run);
    assertRan(run, []);
  });

  it('of a run that is stopped nothing more begins; what runs is waited for, and that is no error', async (place) => {
    const inRow = await stopped(place, ROW, 'a', { takes: { a: 60 } });
    assertRan(inRow, ['a']);
    const steps = [step('each', {}, { map: ['x'] }), ...many(6, (i) => step(`s${i}`))];
    const wide = await stopped(place, plan(...steps), 'each[2]', { lengths: { each: 20 }, concurrency: 3 });
    const after = wide.calls.slice(wide.calls.indexOf('stop')).filter((call) => call.startsWith('start '));
    assert.deepEqual(after, [], 'these began after the stop');
  });

  it('a run that is stopped ends when its steps do', async (place) => {
    const run = await stopped(place, ROW, 'a', { takes: { a: 'until abort' } });
    assertRan(run, ['a']);
  });

  it('an orchestrator that can be reached passes its check', async ({ orchestrator }) => {
    await within(LIMIT_MS, 'the check', Promise.resolve(orchestrator.check?.(never())));
  });

  it('a check ends with its signal', async ({ orchestrator }) => {
    const checked = Promise.resolve(orchestrator.check?.(AbortSignal.timeout(20)));
    await within(
      LIMIT_MS,
      'the check',
      checked.catch(() => undefined),
    );
  });

  it('an orchestrator lets go when it is disposed of, and of nothing that others use', async (place) => {
    const other = await place.backend.create();
    await within(LIMIT_MS, 'to dispose of it', Promise.resolve(other[Symbol.asyncDispose]?.()));
    assertRan(await place.execute(ROW), ['a', 'b', 'c']);
  });

  if (!takesDown) return;

  it('an orchestrator that cannot be reached says so, to a run and to a check, and works again afterwards', async (place) => {
    assert.ok(place.backend.takeDown !== undefined, 'the suite says takesDown, but its backend has no method takeDown');
    const mend = await place.backend.takeDown();
    try {
      const run = new FakeRun();
      await within(LIMIT_MS, 'to give up the run', failureOf(place.orchestrator.execute(ROW, run), 'execute'));
      assertRan(run, []);
      if (place.orchestrator.check !== undefined)
        await within(LIMIT_MS, 'to give up the check', failureOf(place.orchestrator.check(never()), 'check'));
    } finally {
      await mend();
    }
    assertRan(await place.execute(ROW), ['a', 'b', 'c']);
  });
}

/** A run that is stopped when a step begins. */
async function stopped(place: OrchestratorPlace, of: typeof ROW, at: string, options: FakeRunOptions): Promise<FakeRun> {
  const run: FakeRun = new FakeRun({ ...options, onStart: (label) => void (label === at && run.stop()) });
  await place.follow(of, run);
  return run;
}
