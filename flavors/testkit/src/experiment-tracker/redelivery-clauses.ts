import assert from 'node:assert/strict';

import type { ExperimentTrackerSuite } from './experiment-tracker-suite.ts';
import { curve, events, stored, type Clause } from './tracker-place.ts';

/** What comes again changes nothing. */
export function redeliveryClauses(it: Clause, { capabilities, lacks = [] }: ExperimentTrackerSuite): void {
  it('the same batch again changes nothing', async (place) => {
    const test = await place.begin();
    const logged = events([...curve('loss', 5), { kind: 'tags', set: { a: '1' } }]);
    await place.log(test, logged);
    await place.log(test, logged);
    await place.assertPoints(test, logged);
  });

  it('batches that overlap leave each event once', async (place) => {
    const test = await place.begin();
    const logged = events(curve('loss', 12));
    await place.log(test, logged.slice(0, 5));
    await place.log(test, logged.slice(3, 8));
    await place.log(test, logged.slice(1, 4));
    await place.log(test, logged.slice(7));
    await place.assertPoints(test, logged);
  });

  if (!lacks.includes('points')) {
    it('points of equal values are points of their own', async (place) => {
      const test = await place.begin();
      const logged = events([1, 2, 3].map((step) => ({ kind: 'metrics', values: { loss: 1 }, step })));
      await place.log(test, logged);
      await place.assertPoints(test, logged);
    });
  }

  it('another process, which knows the last ref, sends everything again: each event is there once', async (place) => {
    const first = await place.begin();
    const logged = events(curve('loss', 6));
    await place.log(first, logged.slice(0, 4));
    const second = await place.again(first);
    await place.log(second, logged);
    await place.close(second);
    await place.assertPoints(second, logged);
  });

  it('of several writers each has its own place', async (place) => {
    const first = await place.begin();
    const one = events(curve('one', 4), { writer: 'one' });
    const two = events(curve('two', 4), { writer: 'two' });
    await place.log(first, one);
    const second = await place.again(first);
    await place.log(second, [...two, ...one]);
    await place.assertPoints(second, [...one, ...two]);
  });

  if (capabilities.redelivery === 'dedup') {
    it('another process, which knows nothing, sends everything again: each event is there once', async (place) => {
      const first = await place.begin();
      const logged = events(curve('loss', 6));
      await place.log(first, logged.slice(0, 4));
      const second = await place.again(first, 'nothing');
      await place.log(second, logged);
      await place.assertPoints(second, logged);
    });

    it('a process that died between the last batch and the close is taken over', async (place) => {
      const first = await place.begin();
      const logged = events(curve('loss', 6));
      await place.log(first, logged, true);
      const second = await place.again(first);
      await place.log(second, logged, true);
      await place.close(second);
      await place.assertPoints(second, logged);
      assert.equal((await place.read(second)).status, 'completed');
    });
  } else {
    it('the ref of a receipt says how far it came', async (place) => {
      const test = await place.begin();
      const before = stored(test.run.ref);
      const { ref } = await test.run.deliver(events(curve('loss', 3)), new AbortController().signal);
      assert.notEqual(JSON.stringify(ref.state), JSON.stringify(before.state), 'ref.state did not change');
      assert.deepEqual(stored(test.run.ref), stored(ref), 'the run has another ref than its receipt');
    });
  }
}
