import assert from 'node:assert/strict';

import { ArtifactExists, type ArtifactStoreCapabilities } from '@mortise/core';

import { assertFails, assertIs } from '../failure-of.ts';
import { inChunks, sampleBytes, sha256Of, type Clause } from './store-place.ts';

const SIZES = [0, 1, 1_000, 65_537, 8 << 20];
const WRITERS = 20;

/** What is put can be had again. */
export function putClauses(it: Clause, { createOnly }: ArtifactStoreCapabilities): void {
  for (const size of SIZES) {
    it(`${size} bytes come back, put whole and as a stream, and their size and sha256 are told`, async (place) => {
      const bytes = sampleBytes(size);
      const receipt = { size, sha256: sha256Of(bytes) };
      const whole = await place.put('whole', bytes, { size, type: 'application/octet-stream' });
      const stream = await place.put('stream', inChunks(bytes, 100_000));
      for (const { size, sha256 } of [whole, stream]) assert.deepEqual({ size, sha256 }, receipt);
      await place.assertHolds('whole', bytes);
      await place.assertHolds('stream', bytes);
    });
  }

  it('bytes in memory that threads share come back', async (place) => {
    for (const size of [1_000, 8 << 20]) {
      const bytes = sampleBytes(size);
      const shared = new Uint8Array(new SharedArrayBuffer(size));
      shared.set(bytes);
      const { sha256 } = await place.put('shared', shared, { size });
      assert.equal(sha256, sha256Of(bytes));
      await place.assertHolds('shared', bytes);
    }
  });

  it('chunks of odd sizes, and empty ones, come back in their order', async (place) => {
    const bytes = sampleBytes(1_500_000);
    const { size, sha256 } = await place.put('x', inChunks(bytes, 1, 7, 0, 4_096, 65_537, 300_001, 0));
    assert.deepEqual({ size, sha256 }, { size: bytes.length, sha256: sha256Of(bytes) });
    await place.assertHolds('x', bytes);
  });

  it('a body may use its buffer again for its next chunk', async (place) => {
    const buffer = new Uint8Array(1_000);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (let i = 1; i <= 5; i++) yield buffer.fill(i);
    }
    const expected = Buffer.concat([1, 2, 3, 4, 5].map((i) => Buffer.alloc(1_000, i)));
    const { sha256 } = await place.put('x', reusing());
    assert.equal(sha256, sha256Of(expected));
    await place.assertHolds('x', expected);
  });

  it('what is done to the bytes after the put, or to those that were read, does not change the object', async (place) => {
    const bytes = sampleBytes(100);
    const given = Buffer.from(bytes);
    await place.put('x', given);
    given.fill(0);
    for await (const chunk of place.store.get(place.key('x'))) chunk.fill(0);
    await place.assertHolds('x', bytes);
  });

  it('a second put replaces the first', async (place) => {
    await place.put('x', 'the first, which is longer');
    await place.put('x', 'the second');
    await place.assertHolds('x', Buffer.from('the second'));
    assert.deepEqual(await place.names(), ['x']);
  });

  it('of writers to one key at the same time one wins whole', async (place) => {
    const bodies = Array.from({ length: WRITERS }, (_, i) => sampleBytes(50_000 + i, i + 1));
    await Promise.all(bodies.map((body) => place.put('x', inChunks(body, 9_999))));
    const found = await place.bytes('x');
    assert.ok(
      bodies.some((body) => body.equals(found)),
      'the object is none of the bodies',
    );
    await place.assertHolds('x', found);
  });

  it('createOnly refuses a key that is taken, and leaves what is there', async (place) => {
    await place.put('x', 'one', { createOnly: true });
    await assertFails(place.put('x', 'two', { createOnly: true }), ArtifactExists);
    await assertFails(place.put('x', inChunks(sampleBytes(100), 10), { createOnly: true }), ArtifactExists);
    await place.assertHolds('x', Buffer.from('one'));
  });

  if (createOnly === 'atomic') {
    it(`of ${WRITERS} writers with createOnly exactly one wins`, async (place) => {
      const other = await place.backend.create();
      const stores = Array.from({ length: WRITERS }, (_, i) => (i % 2 === 0 ? place.store : other));
      const bodies = stores.map((_, i) => Buffer.from(`writer ${i}`));
      const puts = await Promise.allSettled(
        stores.map((store, i) => store.put(place.key('x'), inChunks(bodies[i]!, 3), { createOnly: true })),
      );
      const winners = bodies.filter((_, i) => puts[i]!.status === 'fulfilled');
      assert.equal(winners.length, 1, `${winners.length} writers were told that they won`);
      for (const put of puts) if (put.status === 'rejected') assertIs(put.reason, ArtifactExists, 'the put of a writer who lost');
      await place.assertHolds('x', winners[0]!);
    });
  }

  it('what one instance puts and deletes, another one sees at once', async (place) => {
    const other = await place.backend.create();
    assert.equal(other.id, place.store.id, 'two instances of one place have different ids');
    await place.put('x', 'text');
    assert.equal(await place.text('x', undefined, other), 'text');
    await other.delete([place.key('x')]);
    await place.assertMissing('x');
  });

  it('disposing of an instance leaves the objects and the other instances', async (place) => {
    const other = await place.backend.create();
    await other.put(place.key('x'), Buffer.from('text'));
    await other[Symbol.asyncDispose]?.();
    await place.assertHolds('x', Buffer.from('text'));
  });
}
