import assert from 'node:assert/strict';

import { isError, Permanent, Transient } from '@mortise/core';

import { assertFails, assertIs, described, failureOf } from '../failure-of.ts';
import { within } from '../within.ts';
import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { COMPLETED, curve, events, never, newIdentity, newStart, type Clause } from './tracker-place.ts';

const LIMIT_MS = 5_000;

/** What happens when something fails. */
export function faultClauses(it: Clause, { faults = [] }: ExperimentTrackerSuite): void {
  it('a signal that was aborted ends a call, and nothing is lost or doubled by it', async (place) => {
    const identity = newIdentity();
    const start = newStart('train', identity.runId);
    const stopped = AbortSignal.abort(new Error('enough'));
    assertPassing(await failureOf(place.tracker.open(identity, start, undefined, stopped), 'open'));
    const test = { identity, start, run: await place.tracker.open(identity, start, undefined, never()) };
    const logged = events(curve('loss', 4));
    await place.log(test, logged.slice(0, 2));
    assertPassing(await failureOf(test.run.deliver(logged.slice(2), stopped), 'deliver'));
    await place.log(test, logged.slice(2));
    assertPassing(await failureOf(test.run.close({ status: 'killed', reason: 'SIGINT' }, 1, stopped), 'close'));
    await place.close(test);
    assert.equal((await place.read(test)).status, 'completed');
    await place.assertPoints(test, logged);
  });

  if (faults.includes('hang')) {
    it('a signal ends a call that gets no answer', async (place) => {
      const test = await place.begin();
      const logged = events(curve('loss', 4));
      await place.log(test, logged.slice(0, 2));
      await place.failing('hang', async () => {
        const soon = (): AbortSignal => AbortSignal.timeout(50);
        const { identity, start } = { identity: newIdentity(), start: newStart('other', 'run') };
        const failing = async (what: string, promise: Promise<unknown>): Promise<void> =>
          assertPassing(await within(LIMIT_MS, `to give up ${what}`, failureOf(promise, what)));
        await failing('open', place.tracker.open(identity, start, undefined, soon()));
        await failing('deliver', test.run.deliver(logged.slice(2), soon()));
        await failing('close', test.run.close(COMPLETED, Date.now(), soon()));
      });
      const again = await place.again(test);
      await place.log(again, logged.slice(2));
      await place.close(again);
      await place.assertPoints(again, logged);
    });
  }

  for (const [fault, type, says] of [
    ['down', Transient, 'cannot be reached'],
    ['denied', Permanent, 'does not let us in'],
  ] as const) {
    if (!faults.includes(fault)) continue;
    it(`a tracker that ${says} fails with ${type.name}, and goes on afterwards where it was`, async (place) => {
      const test = await place.begin();
      const logged = events(curve('loss', 6));
      await place.log(test, logged.slice(0, 3));
      const identity = newIdentity();
      const start = newStart('other', identity.runId);
      await place.failing(fault, async () => {
        await assertFails(place.tracker.open(identity, start, undefined, never()), type, 'open');
        await assertFails(test.run.deliver(logged.slice(3), never()), type, 'deliver');
        await assertFails(test.run.close(COMPLETED, Date.now(), never()), type, 'close');
        if (place.tracker.check !== undefined) assertIs(await failureOf(place.tracker.check(never()), 'check'), type, 'check');
      });
      const other = { identity, start, run: await place.tracker.open(identity, start, undefined, never()) };
      await place.log(test, logged.slice(3));
      await place.close(test);
      await place.assertPoints(test, logged);
      assert.equal((await place.read(test)).status, 'completed');
      assert.equal((await place.read(other)).status, 'running');
    });
  }
}

/** Whoever is told that something failed for good does not try again. */
function assertPassing(error: unknown): void {
  assert.ok(!isError(error, Permanent), `it failed for good: ${described(error)}`);
}
