import { expect, test } from '@jest/globals';

import { parsePythonJson } from './python-json.ts';

test('infinities and NaN as Python writes them are texts, and what looks like them within a string stays', () => {
  const text = String.raw`{"a": Infinity, "b": [-Infinity,NaN, 1], "NaN": "Infinity, \" NaN \\", "c": {"d":NaN}}`;
  expect(parsePythonJson(text)).toEqual({ a: 'Infinity', b: ['-Infinity', 'NaN', 1], NaN: 'Infinity, " NaN \\', c: { d: 'NaN' } });
});

test.each(['{"a": NaN', '{"a": NaN, "b', 'NaN"', '{"a": aNaN}', '{"a": "\\'])('what is no JSON otherwise is none: %s', (text) => {
  expect(() => parsePythonJson(text)).toThrow(SyntaxError);
});
