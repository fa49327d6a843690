import assert from 'node:assert/strict';

import type { Outcome } from '@mortise/core';

import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { COMPLETED, curve, events, newIdentity, type Clause } from './tracker-place.ts';
import type { TrackerState } from './tracker-state.ts';

const FAILED: Outcome = {
  status: 'failed',
  error: { name: 'TypeError', message: 'no wine left: pr\u00e9cision "x"', stack: 'TypeError: no wine left\n    at train' },
};
const KILLED: Outcome = { status: 'killed', reason: 'SIGINT' };

/** How runs end. */
export function closeClauses(it: Clause, { capabilities, lacks = [] }: ExperimentTrackerSuite): void {
  const tellsStatus = capabilities.failure !== 'message';
  const tellsMessage = capabilities.failure !== 'status';
  const assertFailed = ({ status, error }: TrackerState): void => {
    if (tellsStatus) assert.equal(status, 'failed');
    if (tellsMessage) assert.ok(error?.includes('no wine left: pr\u00e9cision "x"'), `the error is told as "${error}"`);
  };

  it('a run that completed says so, also when nothing was logged in it', async (place) => {
    const test = await place.begin();
    await place.close(test);
    const { status, error } = await place.read(test);
    assert.deepEqual({ status, error: error ?? undefined }, { status: 'completed', error: undefined });
  });

  it(`a run that failed says so by its ${capabilities.failure.replace('+', ' and ')}`, async (place) => {
    const test = await place.begin();
    await place.close(test, FAILED);
    assertFailed(await place.read(test));
  });

  it('a run that was killed neither completed nor runs on', async (place) => {
    const test = await place.begin();
    await place.close(test, KILLED);
    const { status, error } = await place.read(test);
    if (tellsStatus) assert.ok(status === 'killed' || status === 'failed', `its status is ${status}`);
    if (tellsMessage) assert.ok(error?.includes('SIGINT'), `the reason is told as "${error}"`);
  });

  it('a run that marks a cache hit leads to the run that its outputs are from', async (place) => {
    const test = await place.begin();
    await place.close(test, { status: 'cached', source: { runId: 'source-run-7', url: 'https://tracker.test/7' } });
    const state = await place.read(test);
    assert.ok(state.status === 'cached' || state.status === 'completed', `its status is ${state.status}`);
    assert.ok(/source-run-7|tracker\.test\/7/.test(JSON.stringify(state)), 'nothing leads to the source');
  });

  it('a run that is replaced leads to the one that replaces it', async (place) => {
    const test = await place.begin();
    const next = newIdentity().key;
    await place.close(test, FAILED, Date.now(), next);
    const state = await place.read(test);
    assertFailed(state);
    assert.ok(JSON.stringify(state).includes(next), 'nothing leads to the run that replaces it');
  });

  if (!lacks.includes('endedAt')) {
    it('a run ended when it is said to have ended, which may be long ago', async (place) => {
      const test = await place.begin();
      const endedAt = test.start.startedAt + 30_000;
      await place.close(test, COMPLETED, endedAt);
      const told = (await place.read(test)).endedAt;
      assert.ok(told !== undefined && Math.abs(told - endedAt) < 1_000, `it is told to have ended at ${told}, not ${endedAt}`);
    });
  }

  it('the second close wins nothing, in this process or in another', async (place) => {
    const test = await place.begin();
    await place.close(test, FAILED);
    await place.close(test, COMPLETED);
    assertFailed(await place.read(test));
    await place.close(await place.again(test), KILLED);
    assertFailed(await place.read(test));
  });

  it('a run that was closed may be opened, sent what it has, and closed again, as after a crash: nothing changes', async (place) => {
    const test = await place.begin();
    const logged = events(curve('loss', 4));
    await place.log(test, logged);
    const ref = await place.close(test);
    assert.equal(ref.id, test.run.ref.id);
    const again = await place.again(test);
    await place.log(again, logged);
    await place.close(again);
    assert.equal((await place.read(again)).status, 'completed');
    await place.assertPoints(again, logged);
  });

  if (capabilities.reopen) {
    it('a closed run takes writes again, and keeps its end', async (place) => {
      const test = await place.begin();
      const logged = events(curve('loss', 4));
      await place.log(test, logged.slice(0, 2));
      await place.close(test);
      const again = await place.again(test);
      await place.log(again, logged.slice(2));
      await place.close(again);
      assert.equal((await place.read(again)).status, 'completed');
      await place.assertPoints(again, logged);
    });
  }
}
