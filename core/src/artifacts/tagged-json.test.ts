import assert from 'node:assert/strict';
import { createContext, runInContext } from 'node:vm';

import { describe, expect, test } from '@jest/globals';

import { isError, NotSerializable } from '../errors.ts';
import type { Json } from '../json.ts';
import { decodeTagged, encodeTagged, fromTagged, toTagged } from './tagged-json.ts';

const roundTrip = (value: unknown): unknown => decodeTagged(encodeTagged(value));
const text = (value: unknown): string => Buffer.from(encodeTagged(value)).toString();

describe('a value comes back as it was', () => {
  test.each([
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['-0', -0],
    ['0', 0],
    ['a bigint', -123456789012345678901234567890n],
    ['undefined', undefined],
    ['null', null],
    ['text', 'ü \ud800 \u2028 "\\'],
    ['a date', new Date('2026-01-02T03:04:05.678Z')],
    ['a date far off', new Date(8.64e15)],
    ['no date', new Date(NaN)],
    [
      'a map with any keys',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', NaN],
        [{ k: 1 }, new Map([[undefined, null]])],
        [NaN, -0],
      ]),
    ],
    ['a set', new Set<unknown>([1, '1', NaN, [new Set()]])],
    ['undefined in objects and arrays', { a: undefined, b: [undefined, null, undefined] }],
    ['an array with holes', [Object.assign([], { 1: 1, 3: undefined, length: 5 }), [undefined]]],
    ['an empty object', {}],
    ['the tag itself', { $mortise: 'date', value: '2026-01-01' }],
    ['the tag within the tag', { $mortise: { $mortise: 'object', value: { $mortise: undefined } }, value: NaN, more: [] }],
    ['a name that is a tag', ['$mortise', { value: '$mortise' }]],
    [
      'typed arrays within',
      { w: Float64Array.of(1.5, NaN, -0), i: [Int8Array.of(-1), BigUint64Array.of(2n ** 64n - 1n)], c: Uint8ClampedArray.of(7) },
    ],
    ['bytes within', { b: Buffer.from('abc'), u: Uint8Array.of(1, 2), a: Uint8Array.of(3).buffer }],
    ['a view of a part', { v: Float32Array.of(1, 2, 3, 4).subarray(1, 3) }],
  ])('%s', (_, value) => {
    assert.deepStrictEqual(roundTrip(value), value);
    assert.deepStrictEqual(fromTagged(toTagged(value)), value);
    assert.deepStrictEqual(fromTagged(JSON.parse(JSON.stringify(toTagged(value))) as Json), value);
  });

  test('whatever it is made of (2,000 random values)', () => {
    const random = seeded(42);
    for (let i = 0; i < 2000; i++) {
      const value = randomValue(random, 4);
      assert.deepStrictEqual(roundTrip(value), value);
      assert.deepStrictEqual(fromTagged(toTagged(value)), value);
    }
  });

  test('even a key __proto__, which changes no prototype', () => {
    const value = JSON.parse('{"__proto__":{"admin":true},"x":[{"__proto__":null}],"d":1}') as Record<string, unknown>;
    value.d = NaN;
    for (const back of [roundTrip(value), fromTagged(toTagged(value))] as Record<string, unknown>[]) {
      assert.deepStrictEqual(back, value);
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
      expect(Object.keys(back)).toEqual(['__proto__', 'x', 'd']);
    }
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  test('with its keys in order', () => {
    expect(Object.keys(roundTrip({ b: 1, a: NaN, 2: 0, 1: 0, c: 1 }) as object)).toEqual(['1', '2', 'b', 'a', 'c']);
  });

  test('a long array too, whatever it holds, and one whose last place is empty', () => {
    const long = Array.from({ length: 5000 }, (_, i) => (i % 2 === 0 ? i : [NaN]));
    const foreign: unknown = runInContext('Array.from({ length: 5000 }, (_, i) => i)', createContext({}));
    for (const value of [long, Object.assign([], { length: 5000, 7: 1 }), Object.assign([], { length: 5, 1: 1 })])
      assert.deepStrictEqual(roundTrip(value), value);
    assert.deepStrictEqual(roundTrip(foreign), [...(foreign as number[])]);
  });

  test('from another realm too', () => {
    const foreign: unknown = runInContext(
      '({ d: new Date(0), m: new Map([[1, new Set([2])]]), a: [NaN, { x: 1 }], f: Float64Array.of(1), n: Object.create(null) })',
      createContext({}),
    );
    assert.deepStrictEqual(roundTrip(foreign), {
      d: new Date(0),
      m: new Map([[1, new Set([2])]]),
      a: [NaN, { x: 1 }],
      f: Float64Array.of(1),
      n: {},
    });
  });
});

describe('its form', () => {
  test('is ordinary JSON for ordinary data', () => {
    const value = { b: [1, 'x', null, true], a: { c: {} } };
    expect(text(value)).toBe(JSON.stringify(value));
    expect(text(Object.assign(Object.create(null) as object, { a: 1 }))).toBe('{"a":1}');
  });

  test('is readable where JSON has no word', () => {
    expect(text({ loss: NaN, at: new Date(0), m: new Map([['a', 1n]]), u: undefined })).toBe(
      '{"loss":{"$mortise":"number","value":"NaN"},"at":{"$mortise":"date","value":"1970-01-01T00:00:00.000Z"},' +
        '"m":{"$mortise":"map","value":[["a",{"$mortise":"bigint","value":"1"}]]},"u":{"$mortise":"undefined"}}',
    );
  });

  test('shares nothing with the value', () => {
    const value = { list: [1] };
    const json = toTagged(value) as { list: number[] };
    value.list.push(2);
    expect(json).toEqual({ list: [1] });
    expect((fromTagged(json) as typeof json).list).not.toBe(json.list);
  });

  test('an unknown tag is an error, not a guess', () => {
    expect(() => fromTagged({ $mortise: 'later', value: 'x' })).toThrow('a known tag');
    expect(() => fromTagged({ $mortise: 'EvilArray', value: '' })).toThrow('EvilArray');
  });
});

describe('what is no data is refused by path', () => {
  class Forest {
    trees = 3;
  }
  class Cache extends Map {}
  class Vector extends Float64Array {}
  class Matrix extends Array<number> {}
  const cycle: Record<string, unknown> = { a: { b: [] } };
  (cycle.a as { b: unknown[] }).b.push(0, cycle.a);
  const deep: Record<string, unknown> = {};
  for (let i = 0, at = deep; i < 20_000; i++) at = at.n = {};

  test.each<[string, unknown, string]>([
    ['a function', { model: { predict() {} } }, 'value.model.predict is a function (predict)'],
    ['an instance', { model: { weights: [0, 1, 2, new Forest()] } }, 'value.model.weights[3] is an instance of Forest'],
    ['a symbol', [Symbol('x')], 'value[0] is a symbol'],
    ['a symbol as key', { a: { [Symbol.for('x')]: 1 } }, 'value.a is an object with a symbol as key'],
    [
      'what a regular expression found, whose place would be lost',
      { found: 'a2026'.match(/(?<year>\d+)/) },
      'value.found is an array with more than its items ("index", "input", ...)',
    ],
    [
      'an array with a name of its own',
      { rows: Object.assign([1, NaN], { columns: ['a'] }) },
      'value.rows is an array with more than its items ("columns")',
    ],
    [
      'a long one',
      Object.assign(
        Array.from({ length: 5000 }, (_, i) => i),
        { columns: ['a'] },
      ),
      'value is an array with more than its items ("columns")',
    ],
    ['one with holes', Object.assign([], { length: 5000, 7: 1, 'x y': 1 }), 'value is an array with more than its items ("x y")'],
    [
      'one with a symbol as key',
      [Object.assign([1], { [Symbol.for('x')]: 1 })],
      'value[0] is an array with more than its items (a symbol)',
    ],
    ['a map with a name of its own', { m: Object.assign(new Map(), { unit: 'm' }) }, 'value.m is a Map with more than its items ("unit")'],
    ['a set with a name of its own', Object.assign(new Set(), { unit: 'm' }), 'value is a Set with more than its items ("unit")'],
    ['a date with a name of its own', Object.assign(new Date(0), { zone: 'UTC' }), 'value is a Date with more than its time ("zone")'],
    ['a promise', { data: Promise.resolve(1) }, 'value.data is a Promise (await it)'],
    ['a regular expression', { 'a b': /x/ }, 'value["a b"] is an instance of RegExp'],
    ['an error', [[new Error('x')]], 'value[0][0] is an instance of Error'],
    ['within a map', { m: new Map([['k', { f: new Forest() }]]) }, 'value.m.get("k").f is an instance of Forest'],
    ['a subclass of Map', { c: new Cache() }, 'value.c is an instance of Cache'],
    ['a subclass of a typed array', { v: new Vector(2) }, 'value.v is an instance of Vector'],
    ['a subclass of Array', { m: new Matrix() }, 'value.m is an instance of Matrix'],
    ['a boxed number', [Object(1)], 'value[0] is an instance of Number'],
    ['a cycle', cycle, 'value.a.b[1] is a cycle back to value.a'],
    ['too deep', deep, 'nested more than 1000 levels deep'],
    ['itself', new Forest(), 'value is an instance of Forest'],
  ])('%s', (_, value, message) => {
    for (const write of [toTagged, encodeTagged]) {
      let error: unknown;
      try {
        write(value);
      } catch (caught) {
        error = caught;
      }
      expect(isError(error, NotSerializable)).toBe(true);
      expect((error as Error).message).toContain(message);
    }
  });

  test('the same object twice is no cycle', () => {
    const shared = { x: 1 };
    assert.deepStrictEqual(roundTrip([shared, { shared }]), [shared, { shared }]);
  });

  test.each<[string, (memory: ArrayBuffer) => unknown]>([
    ['value', (memory) => memory],
    ['value.a[1]', (memory) => ({ a: [0, new Float64Array(memory)] })],
    ['value.a[1]', (memory) => ({ a: [0, Buffer.from(memory)] })],
    ['value.get("a")', (memory) => new Map([['a', memory]])],
  ])('an array whose memory was transferred, at %s', (path, make) => {
    const memory = new ArrayBuffer(8);
    const value = make(memory);
    structuredClone(memory, { transfer: [memory] });
    for (const write of [toTagged, encodeTagged])
      expect(() => write(value)).toThrow(expect.objectContaining({ facts: { path, what: expect.stringContaining('was transferred') } }));
  });
});

/** Numbers in [0, 1), the same ones each time (a linear congruential generator with the constants of Numerical Recipes). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const KEYS = ['a', 'b', '$mortise', 'value', '__proto__', 'constructor', 'toString', '0', '', 'ü', 'toJSON'];
const LEAVES: ((random: () => number) => unknown)[] = [
  (random) => random() * 1e6 - 5e5,
  (random) => Math.floor(random() * 100),
  (random) => String(random()),
  (random) => BigInt(Math.floor(random() * 1e15)) ** 2n,
  (random) => new Date(Math.floor(random() * 1e13)),
  (random) => Float32Array.from({ length: Math.floor(random() * 5) }, random),
  (random) => Buffer.from(String(random())),
  () => NaN,
  () => -0,
  () => Infinity,
  () => undefined,
  () => null,
  () => true,
  () => '$mortise',
];

function randomValue(random: () => number, depth: number): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  if (depth === 0 || random() < 0.3) return pick(LEAVES)(random);
  const parts = Array.from({ length: Math.floor(random() * 5) }, () => randomValue(random, depth - 1));
  switch (Math.floor(random() * 4)) {
    case 0:
      return parts;
    case 1:
      return new Set(parts);
    case 2:
      return new Map(parts.map((part) => [randomValue(random, depth - 1), part]));
    default:
      return Object.fromEntries(parts.map((part) => [pick(KEYS), part]));
  }
}
