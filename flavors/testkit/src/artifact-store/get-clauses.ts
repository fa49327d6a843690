import assert from 'node:assert/strict';

import { ArtifactNotFound, ArtifactStoreFailed } from '@mortise/core';

import { assertFails, failureOf } from '../failure-of.ts';
import type { ArtifactStoreSuite } from './artifact-store-suite.ts';
import { sampleBytes, type Clause } from './store-place.ts';

const HOUR_MS = 60 * 60 * 1000;

/** What can be had of an object. */
export function getClauses(it: Clause, { capabilities, takesDown = false }: ArtifactStoreSuite): void {
  it('ranges come from the byte `from` up to, and without, the byte `to`', async (place) => {
    await place.put('x', '0123456789');
    assert.equal(await place.text('x', { from: 2, to: 5 }), '234');
    assert.equal(await place.text('x', { from: 8 }), '89');
    assert.equal(await place.text('x', { to: 3 }), '012');
    assert.equal(await place.text('x', { from: 0, to: 10 }), '0123456789');
    assert.equal(await place.text('x', { from: 9, to: 10 }), '9');
    const large = sampleBytes(3_000_000);
    await place.put('large', large);
    const part = await place.bytes('large', { from: 1_001, to: 2_500_003 });
    assert.ok(part.equals(large.subarray(1_001, 2_500_003)), 'a large range has other bytes');
  });

  it('ranges that are empty, or go beyond the end, hold what there is', async (place) => {
    await place.put('x', '0123456789');
    await place.put('empty', '');
    assert.equal(await place.text('x', { from: 8, to: 100 }), '89');
    assert.equal(await place.text('x', { from: 3, to: 3 }), '');
    assert.equal(await place.text('x', { to: 0 }), '');
    assert.equal(await place.text('x', { from: 10 }), '');
    assert.equal(await place.text('x', { from: 100 }), '');
    assert.equal(await place.text('empty', { from: 0, to: 10 }), '');
  });

  it('a range is read without the rest of the object, if that is claimed', async (place) => {
    await place.put('large', sampleBytes(4 << 20));
    const before = place.backend.bytesRead?.() ?? 0;
    assert.equal((await place.bytes('large', { from: 3_000_000, to: 3_000_010 })).length, 10);
    const read = (place.backend.bytesRead?.() ?? 0) - before;
    if (capabilities.range) assert.ok(read <= 1 << 20, `${read} bytes were read for 10`);
  });

  it('what is not there is not found', async (place) => {
    await place.put('a/b', 'text');
    for (const name of ['a', 'a/c', 'a/b/c', 'c/d/e']) {
      assert.equal(await place.store.stat(place.key(name)), undefined, `stat sees "${name}"`);
      await assertFails(place.bytes(name), ArtifactNotFound, `get of "${name}"`);
      await assertFails(place.bytes(name, { from: 1, to: 2 }), ArtifactNotFound, `get of a range of "${name}"`);
    }
  });

  it('a signal that is aborted ends the reading', async (place) => {
    await place.put('x', sampleBytes(4 << 20));
    await failureOf(place.bytes('x', { signal: AbortSignal.abort() }), 'the get');
  });

  it('who stops reading may go on with the object', async (place) => {
    const bytes = sampleBytes(2_000_000);
    await place.put('x', bytes);
    for await (const chunk of place.store.get(place.key('x'))) {
      assert.ok(chunk.length > 0);
      break;
    }
    await place.assertHolds('x', bytes);
    await place.store.delete([place.key('x')]);
    await place.assertMissing('x');
  });

  it('stat tells the size and the time of the last put', async (place) => {
    await place.put('x', 'one');
    await place.put('x', 'three');
    const stats = await place.store.stat(place.key('x'));
    assert.equal(stats?.size, 5);
    assert.ok(Math.abs(stats.modifiedAt - Date.now()) < HOUR_MS, `modifiedAt ${stats.modifiedAt} is not about now, in ms`);
  });

  if (!takesDown) return;
  it('a place that cannot be reached is told as such, and what it holds is there again afterwards', async (place) => {
    await place.put('x', 'text');
    const bringUp = await place.backend.takeDown!();
    try {
      await assertFails(place.put('y', 'text'), ArtifactStoreFailed, 'put');
      await assertFails(place.bytes('x'), ArtifactStoreFailed, 'get');
      await assertFails(place.store.stat(place.key('x')), ArtifactStoreFailed, 'stat');
      await assertFails(place.names(), ArtifactStoreFailed, 'list');
      await assertFails(place.store.delete([place.key('x')]), ArtifactStoreFailed, 'delete');
    } finally {
      await bringUp();
    }
    await place.assertHolds('x', Buffer.from('text'));
    await place.assertMissing('y');
  });
}
