import { expect, it } from '@jest/globals';
import { plainJson } from './plain-json.ts';
import { toTagged } from './tagged-json.ts';

const bytes = Uint8Array.from([1, 2, 255]);

it.each<[string, unknown, unknown]>([
  ['what is JSON is as it was', { a: [1, 'x', null, true, { b: {} }] }, { a: [1, 'x', null, true, { b: {} }] }],
  ['NaN and infinities are text', [NaN, Infinity, -Infinity], ['NaN', 'Infinity', '-Infinity']],
  ['minus zero is zero', -0, 0],
  ['a date is ISO 8601 text', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
  ['an invalid date is null', new Date(NaN), null],
  ['what is undefined is null', { a: undefined, b: Object.assign([], { 0: undefined, 2: 1 }) }, { a: null, b: [null, null, 1] }],
  ['a big integer is text', 2n ** 70n, '1180591620717411303424'],
  ['a Map is a list of pairs', new Map<unknown, unknown>([['a', NaN], [2, new Date(0)]]), [['a', 'NaN'], [2, '1970-01-01T00:00:00.000Z']]], // prettier-ignore
  ['a Set is a list', new Set([1, NaN]), [1, 'NaN']],
  ['a typed array is a list', { x: Float64Array.from([1, NaN]), y: BigInt64Array.from([5n]) }, { x: [1, 'NaN'], y: ['5'] }],
  ['bytes are Base64 text', [Buffer.from(bytes), bytes.buffer], ['AQL/', 'AQL/']],
  ['an object with the key of the tagged form is that object', { $mortise: 'date', value: 1 }, { $mortise: 'date', value: 1 }],
  ['a key called __proto__ stays a key', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
])('%s', (_claim, value, json) => {
  const plain = plainJson(toTagged(value));
  expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
  expect(JSON.stringify(plain)).toBe(JSON.stringify(json));
});
