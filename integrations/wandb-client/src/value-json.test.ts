import { describe, expect, test } from '@jest/globals';

import { fromValueJson, toValueJson } from './value-json.ts';

describe('the JSON of a value', () => {
  test.each([
    NaN,
    Infinity,
    -Infinity,
    1e22,
    -1.5e-7,
    'NaN',
    'a "NaN" \\" -Infinity',
    [NaN, { x: -Infinity, NaN: 'Infinity' }],
    null,
    true,
    '\u2028 🎉',
    {},
    [],
  ])('is read as it was written: %p', (value) => {
    expect(fromValueJson(toValueJson(value))).toEqual(value);
  });

  test.each(['x', '\n', '\\"'])('is read beside bare words whatever the length of a text in it: of many %j', (part) => {
    const value = { text: part.repeat(6_000_000), loss: NaN };
    const read = fromValueJson(toValueJson(value)) as typeof value;
    expect([read.text === value.text, read.loss]).toEqual([true, NaN]);
  });

  test('has bare words for what JSON has no number for, and null for NaN where that is asked', () => {
    expect(toValueJson([NaN, { a: Infinity, b: -Infinity }])).toBe('[NaN,{"a":Infinity,"b":-Infinity}]');
    expect(toValueJson([NaN, { a: Infinity, b: NaN }], 'null')).toBe('[null,{"a":Infinity,"b":null}]');
  });

  test('has dates as texts, big integers as numbers, and nothing for what is no value', () => {
    expect(toValueJson({ at: new Date(0), big: 12345678901234567890n, no: undefined, call: () => 1, list: [undefined] })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","big":12345678901234567890,"list":[null]}',
    );
  });

  test('that is none is an error', () => {
    expect(() => fromValueJson('{"a": NaN')).toThrow(SyntaxError);
    expect(() => fromValueJson('nope')).toThrow(SyntaxError);
  });
});
