import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ArtifactNotFound, BadArtifactKey, type ArtifactStoreCapabilities } from '@mortise/core';

import { assertFails, assertIs } from '../failure-of.ts';
import { sampleBytes, type Clause } from './store-place.ts';

const BAD_KEYS = [
  ...['', '/', '/etc/passwd', 'a//b', 'a/', '..', '../x', 'a/..', 'a/../b', 'a/../../x', '.', './a', 'a/./b', 'a\\b', '..\\x'],
  ...['a\0b', 'a\nb', '\ud800', 'x'.repeat(256)],
];
const ODD_NAMES = [
  ...[
    'a b',
    'a%20b',
    'a%2Fb',
    'a+b',
    'a#b',
    'a?b',
    'a&b',
    'a=b;c',
    'a:b',
    "a'b",
    'a"b',
    'a<b>',
    'a*b',
    'a[0].json',
    '{x}',
    '~',
    '...',
    '-',
    'é',
  ],
  ...['\u65e5\u672c\u8a9e', '\u{1f377}', 'x'.repeat(200), `long/${'y'.repeat(200)}/${'z'.repeat(200)}`, '\u640d'.repeat(66)],
];

/** What keys are, and where they lead. */
export function keyClauses(it: Clause, { presign, reach }: ArtifactStoreCapabilities): void {
  for (const key of BAD_KEYS) {
    it(`the key ${shown(key)} is refused by every method`, async ({ store }) => {
      await assertFails(store.put(key, sampleBytes(1)), BadArtifactKey, 'put');
      await assertFails(store.stat(key), BadArtifactKey, 'stat');
      await assertFails(store.delete([key]), BadArtifactKey, 'delete');
      await assertFails((async () => store.get(key)[Symbol.asyncIterator]().next())(), BadArtifactKey, 'get');
      await assertFails((async () => store.uri(key))(), BadArtifactKey, 'uri');
      if (store.localPath !== undefined) await assertFails((async () => store.localPath!(key))(), BadArtifactKey, 'localPath');
    });
  }

  it('names with spaces, signs of every kind, letters beyond ASCII, and of 200 bytes are taken as they are', async (place) => {
    for (const [i, name] of ODD_NAMES.entries()) await place.put(name, `object ${i}`);
    for (const [i, name] of ODD_NAMES.entries()) assert.equal(await place.text(name), `object ${i}`, `"${name}" is another object`);
    assert.deepEqual((await place.names()).sort(), [...ODD_NAMES].sort());
    await place.store.delete(ODD_NAMES.map((name) => place.key(name)));
    assert.deepEqual(await place.names(), []);
  });

  it('a key that is the folder of another, or has another as its folder, harms nothing that is there', async (place) => {
    await place.put('a/b', 'first');
    for (const name of ['a', 'a/b/c', 'a/b/c/d']) {
      for (const createOnly of [false, true]) {
        const error = await place.put(name, 'second', { createOnly }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) assertIs(error, BadArtifactKey, `put of "${name}" beside "a/b"`);
        await place.assertHolds('a/b', Buffer.from('first'));
        if (error === undefined) await place.assertHolds(name, Buffer.from('second'));
        await place.store.delete([place.key(name)]);
        assert.deepEqual(await place.names(), ['a/b']);
      }
    }
  });

  it('deleting takes away what was named, and nothing else', async (place) => {
    for (const name of ['a/b', 'a/bc', 'a/c/d', 'ab']) await place.put(name, name);
    await place.store.delete([]);
    await place.store.delete(['a', 'a/b', 'a/b', 'a/x'].map((name) => place.key(name)));
    assert.deepEqual(await place.names(), ['a/bc', 'a/c/d', 'ab']);
    await assertFails(place.bytes('a/b'), ArtifactNotFound);
    await place.store.delete(['a/bc', 'a/c/d'].map((name) => place.key(name)));
    assert.deepEqual(await place.names(), ['ab']);
    await place.put('a/b', 'again');
    assert.equal(await place.text('a/b'), 'again');
  });

  it('puts and deletes beside each other lose nothing', async (place) => {
    const other = await place.backend.create();
    // Rounds of different lengths, and different numbers of them, so that the puts of one fall among the deletes of others.
    const churn = async (store: typeof other, name: string, rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        await store.put(place.key(name), Buffer.from(name));
        await store.delete([place.key(name)]);
        for (let n = rounds % 5; n > 0; n--) await store.stat(place.key(name));
      }
      await store.put(place.key(name), Buffer.from(name));
    };
    const names = ['a/b/1', 'a/b/2', 'a/b/3', 'a/b/4'];
    await Promise.all(names.map((name, i) => churn(i % 2 === 0 ? place.store : other, name, 3 + 4 * i)));
    assert.deepEqual(await place.names(), names);
  });

  it('each key has a URI of its own, the same in every instance, before and after the put', async (place) => {
    const other = await place.backend.create();
    const before = ODD_NAMES.map((name) => place.store.uri(place.key(name)));
    for (const uri of before) assert.ok(URL.canParse(uri), `${uri} is no URI`);
    assert.equal(new Set(before).size, ODD_NAMES.length, 'two keys have one URI');
    await place.put('a b', 'text');
    assert.deepEqual(
      ODD_NAMES.map((name) => other.uri(place.key(name))),
      before,
    );
  });

  it('a local path leads to the bytes; a store that is reached over the network has none', async (place) => {
    const bytes = sampleBytes(1_000);
    await place.put('a/b', bytes);
    const path = place.store.localPath?.(place.key('a/b'));
    if (reach === 'network') {
      assert.equal(path, undefined);
      assert.notEqual(new URL(place.store.uri(place.key('a/b'))).protocol, 'file:');
    } else if (path !== undefined) assert.ok(readFileSync(path).equals(bytes), `${path} has other bytes`);
  });

  it(presign ? 'a presigned URL gives the bytes to whoever has it' : 'no URL is presigned, as none is claimed to be', async (place) => {
    if (!presign) return assert.equal(place.store.presign, undefined);
    assert.ok(place.store.presign !== undefined, 'it has no method presign');
    const bytes = sampleBytes(1_000);
    await place.put('a b', bytes);
    const response = await fetch(await place.store.presign(place.key('a b'), 60));
    assert.equal(response.status, 200);
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes), 'the URL has other bytes');
  });
}

function shown(key: string): string {
  return key.length > 20 ? `of ${key.length} characters in one segment` : JSON.stringify(key);
}
