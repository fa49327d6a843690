import assert from 'node:assert/strict';

import { ArtifactStoreFailed } from '@mortise/core';

import { assertFails, failureOf } from '../failure-of.ts';
import { within } from '../within.ts';
import { sampleBytes, type Clause, type StorePlace } from './store-place.ts';

const LIMIT_MS = 5_000;

/** A put is all or nothing. */
export function failedPutClauses(it: Clause): void {
  it('nobody sees an object, or a part of it, before its put has ended', async (place) => {
    const gate = Promise.withResolvers<void>();
    const half = Promise.withResolvers<void>();
    async function* body(): AsyncGenerator<Uint8Array> {
      yield sampleBytes(300_000);
      half.resolve();
      await gate.promise;
      yield sampleBytes(300_000);
    }
    await place.put('old', 'what was there');
    const puts = Promise.all([place.put('new', body()), place.put('old', body())]);
    await Promise.race([half.promise, puts]);
    await place.assertMissing('new');
    await place.assertHolds('old', Buffer.from('what was there'));
    gate.resolve();
    await puts;
    const whole = Buffer.concat([sampleBytes(300_000), sampleBytes(300_000)]);
    await place.assertHolds('new', whole);
    await place.assertHolds('old', whole);
  });

  for (const size of [10, 1_000_000]) {
    it(`a body that fails after ${size} bytes leaves nothing, and its error is told`, async (place) => {
      const failure = new Error('the source is gone');
      async function* body(): AsyncGenerator<Uint8Array> {
        yield sampleBytes(size);
        throw failure;
      }
      await assertLeavesNothing(place, async (name) => {
        const error = await failureOf(place.put(name, body()), 'the put');
        const { cause } = error as { cause?: unknown };
        assert.ok(error === failure || cause === failure, 'the error is not that of the body, nor was it caused by it');
      });
    });
  }

  it('a signal that is aborted leaves nothing, also while the body hangs', async (place) => {
    await assertLeavesNothing(place, async (name) => {
      const stop = new AbortController();
      async function* body(): AsyncGenerator<Uint8Array> {
        yield sampleBytes(1_000_000);
        setTimeout(() => stop.abort(new Error('enough')), 20);
        await new Promise(() => undefined);
      }
      await within(LIMIT_MS, 'to give up a put', failureOf(place.put(name, body(), { signal: stop.signal }), 'the put'));
    });
  });

  it('a signal that was aborted before leaves nothing', async (place) => {
    await assertLeavesNothing(place, async (name) => {
      await failureOf(place.put(name, 'text', { signal: AbortSignal.abort() }), 'the put');
    });
  });

  it('a body that is not as long as was announced is refused', async (place) => {
    await assertLeavesNothing(place, async (name) => {
      await assertFails(place.put(name, 'four', { size: 5 }), ArtifactStoreFailed, 'a put of 4 bytes where 5 were announced');
    });
  });
}

/** Of a key that was free and of one that was taken, all is as before. */
async function assertLeavesNothing(place: StorePlace, fail: (name: string) => Promise<void>): Promise<void> {
  await fail('new');
  await place.assertMissing('new');
  await place.put('old', 'what was there');
  await fail('old');
  await place.assertHolds('old', Buffer.from('what was there'));
  assert.deepEqual(await place.names(), ['old']);
  await place.put('new', 'and then it succeeds');
  await place.assertHolds('new', Buffer.from('and then it succeeds'));
}
