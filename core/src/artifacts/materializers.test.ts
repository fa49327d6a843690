import assert from 'node:assert/strict';
import { Readable } from 'node:stream';

import { afterEach, describe, expect, test } from '@jest/globals';

import { file } from './file-artifact.ts';
import { folder } from './folder-artifact.ts';
import type { Materializer } from './materializer.ts';
import { knownMaterializers, materializerFor, materializerNamed, registerMaterializer } from './materializers.ts';
import { stream } from './stream-artifact.ts';

const REGISTRY = Symbol.for('mortise.materializers.v1');

class Forest {
  trees: number[] = [];
}

function forest(version: number, name = 'forest'): Materializer<Forest> {
  return {
    name,
    version,
    handles: (value): value is Forest => value instanceof Forest,
    save: async (value, out) => {
      await out.write(Buffer.from(value.trees));
      return null;
    },
    load: async () => new Forest(),
  };
}

afterEach(() => {
  delete (globalThis as { [REGISTRY]?: unknown })[REGISTRY];
});

describe('a value finds its materializer', () => {
  test.each<[string, unknown]>([
    ['json', { a: 1 }],
    ['json', [1, 2]],
    ['json', 1],
    ['json', null],
    ['json', undefined],
    ['json', 1n],
    ['json', new Map()],
    ['json', 'half a pair \ud800'],
    ['string', ''],
    ['string', 'text'],
    ['bytes', Uint8Array.of(1)],
    ['bytes', Buffer.from('x')],
    ['bytes', new ArrayBuffer(2)],
    ['typed-array', Float64Array.of(1)],
    ['typed-array', BigInt64Array.of(1n)],
    ['typed-array', Uint8ClampedArray.of(1)],
    ['file', file('/tmp/x')],
    ['folder', folder('/tmp/x')],
    ['stream', stream(() => Readable.from([]))],
  ])('%s: %p', (name, value) => {
    expect(materializerFor(value).name).toBe(name);
  });

  test.each<[string, unknown]>([
    ['an instance of Forest', new Forest()],
    ['a function (parseInt)', parseInt],
    ['a symbol', Symbol('x')],
    ['a Promise (await it)', Promise.resolve()],
    ['an instance of SharedArrayBuffer', new SharedArrayBuffer(1)],
    ['an instance of DataView', new DataView(new ArrayBuffer(1))],
  ])('none: %s', (what, value) => {
    expect(() => materializerFor(value)).toThrow(`value is ${what}, for which there is no materializer`);
  });
});

describe('a registered materializer', () => {
  test('is asked before the built-in ones, the latest first', () => {
    const all = (name: string): Materializer => ({
      ...(forest(1, name) as Materializer),
      handles: (value): value is unknown => typeof value === 'object',
    });
    registerMaterializer(all('first'));
    registerMaterializer(all('second'));
    expect(materializerFor({}).name).toBe('second');
    expect(materializerFor(1).name).toBe('json');
    assert.deepEqual(knownMaterializers().slice(0, 3), [
      ['second', 1],
      ['first', 1],
      ['file', 1],
    ]);
  });

  test('takes the place of an older one of its name, and gives way to no older one', () => {
    registerMaterializer(forest(1));
    const second = forest(2);
    registerMaterializer(second);
    registerMaterializer(forest(1));
    expect(materializerFor(new Forest())).toBe(second);
    const again = forest(2);
    registerMaterializer(again);
    expect(materializerFor(new Forest())).toBe(again);
    expect(knownMaterializers().filter(([name]) => name === 'forest')).toHaveLength(1);
  });

  test('may not have the name of a built-in one', () => {
    expect(() => registerMaterializer(forest(1, 'json'))).toThrow('a materializer named "json" exists already');
  });

  test('must be complete', () => {
    expect(() => registerMaterializer({ ...forest(1), save: undefined } as never)).toThrow('has no function "save"');
    expect(() => registerMaterializer(forest(0.5))).toThrow('needs a version');
    expect(() => registerMaterializer(forest(1, ''))).toThrow('needs a name');
  });
});

test('what stored a version loads it, and an older one does not try', () => {
  registerMaterializer(forest(2));
  expect(materializerNamed('forest', 1).version).toBe(2);
  expect(() => materializerNamed('forest', 3)).toThrow('no materializer "forest" version 3');
  expect(() => materializerNamed('nobody', 1)).toThrow('no materializer "nobody" version 1');
});
