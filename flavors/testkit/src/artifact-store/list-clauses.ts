import assert from 'node:assert/strict';

import type { Clause, StorePlace } from './store-place.ts';

/** In no order. U+FB01 comes before U+1F377, but after it for JavaScript. */
const NAMES = ['a/b/c', 'a.b', 'a0', 'a/b.c', 'a/b0', 'Z', '\u00e9/x', '\u{1f377}', '\ufb01', 'b/[0]/x', 'b/[0].json', 'b/[10]'];
const SORTED = [...NAMES].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const PREFIXES = ['', 'a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'a/b/c/', 'b/[0]', 'b/[0].', '\u00e9', 'nothing'];

async function filled(place: StorePlace): Promise<void> {
  await Promise.all(NAMES.map((name) => place.put(name, name)));
}

/** Pages one after another, until there is no next. */
async function paged(place: StorePlace, limit: number): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const { names, next } = await place.list('', { limit, ...(after !== undefined && { after }) });
    assert.ok(names.length <= limit, `a page of ${limit} has ${names.length} keys`);
    found.push(...names);
    if (next === undefined) return found;
    assert.ok(names.length > 0, 'an empty page has a next one');
    assert.ok(found.length <= NAMES.length, 'the pages do not end');
    after = next;
  }
}

/** What a list shows. */
export function listClauses(it: Clause): void {
  it('a list is in binary order, and tells sizes and times as stat does', async (place) => {
    await filled(place);
    assert.deepEqual(await place.names(), SORTED);
    const { items } = await place.store.list(place.key(''));
    for (const { key, size, modifiedAt } of items) {
      const stats = await place.store.stat(key);
      assert.deepEqual({ size, modifiedAt: modifiedAt ?? stats?.modifiedAt }, { ...stats });
    }
  });

  it('a list of a prefix holds each key that begins with it, also in the middle of a segment', async (place) => {
    await filled(place);
    for (const prefix of PREFIXES) {
      assert.deepEqual(
        await place.names(prefix),
        SORTED.filter((name) => name.startsWith(prefix)),
        `of "${prefix}"`,
      );
    }
  });

  it('a list comes in pages that together hold each key once', async (place) => {
    await filled(place);
    for (const limit of [1, 2, 5, SORTED.length - 1, SORTED.length, SORTED.length + 1])
      assert.deepEqual(await paged(place, limit), SORTED, `in pages of ${limit}`);
  });

  it('a list goes on after any key, also one that is not there', async (place) => {
    await filled(place);
    const later = (after: string): string[] => SORTED.filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
    for (const after of [...SORTED, 'a', 'a/', 'a/b', 'a/b/', 'a/zzz', 'zzz'])
      assert.deepEqual((await place.list('', { after })).names, later(after), `after "${after}"`);
    assert.deepEqual((await place.list('a/', { after: 'a/b.c' })).names, ['a/b/c', 'a/b0']);
    await place.store.delete([place.key('a/b.c')]);
    assert.deepEqual((await place.list('', { after: 'a/b.c' })).names, later('a/b.c'));
  });

  it('a list has 1000 keys at most when nothing else is asked for', async (place) => {
    const names = Array.from({ length: 1_001 }, (_, i) => `n${String(i).padStart(4, '0')}`);
    for (let at = 0; at < names.length; at += 100) await Promise.all(names.slice(at, at + 100).map((name) => place.put(name, '')));
    const first = await place.list();
    assert.deepEqual(first.names, names.slice(0, 1_000));
    assert.ok(first.next !== undefined, 'it does not say that there are more');
    assert.deepEqual(await place.list('', { after: first.next }), { names: names.slice(1_000), next: undefined });
    await place.store.delete(names.map((name) => place.key(name)));
    assert.deepEqual(await place.names(), []);
  });

  it('a list of nothing is empty', async (place) => {
    assert.deepEqual(await place.list(), { names: [], next: undefined });
    await place.put('x', '');
    await place.store.delete([place.key('x')]);
    assert.deepEqual(await place.list(), { names: [], next: undefined });
  });
}
