import { describe, expect, test } from '@jest/globals';

import { isMortiseError } from '../errors.ts';
import { checkDefaults, paramValues, parseParam } from './param-values.ts';

const declared = {
  name: 'wine',
  params: { lr: 0.1, kind: 'red', deep: false, sizes: [1, 2], grid: { a: 1 }, anything: null, file: undefined } as Record<string, unknown>,
};
const given = { file: 'wine.csv' };
const { file: _, ...withDefaults } = declared.params;

function lineOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isMortiseError(error)) return error.line;
    throw error;
  }
  return 'nothing was refused';
}

describe('the params of a run', () => {
  test('are the declared defaults, with what was given on top', () => {
    expect(paramValues(declared, given)).toEqual({ ...withDefaults, file: 'wine.csv' });
    expect(paramValues(declared, { ...given, lr: 1, sizes: [], anything: [{}] })).toMatchObject({ lr: 1, sizes: [], anything: [{}] });
    expect(paramValues({ name: 'none', params: {} })).toEqual({});
  });

  test('given as undefined are not given', () => {
    expect(paramValues(declared, { ...given, lr: undefined })).toMatchObject({ lr: 0.1 });
    expect(lineOf(() => paramValues(declared, { file: undefined }))).toMatch(/^MISSING_PARAM/);
  });

  test.each<unknown>([null, 5, 'lr=1', [1]])('are refused when they are no object: %j', (wrong) => {
    expect(lineOf(() => paramValues(declared, wrong as object))).toBe('BAD_USAGE: the params of pipeline "wine" are no object');
  });

  test('share nothing with the defaults or with what was given', () => {
    const sizes = [3];
    const values = paramValues(declared, { ...given, sizes });
    sizes.push(4);
    (values['grid'] as { a: number }).a = 9;
    expect(values['sizes']).toEqual([3]);
    expect(declared.params['grid']).toEqual({ a: 1 });
  });

  test.each<[string, object, string]>([
    ['an unknown name', { leraning: 1 }, 'UNKNOWN_PARAM: pipeline "wine" has no param "leraning". Known: lr, kind, deep,'],
    ['a typo', { kid: 'red' }, 'UNKNOWN_PARAM: pipeline "wine" has no param "kid". Did you mean "kind"?'],
    [
      'one that is missing',
      {},
      'MISSING_PARAM: pipeline "wine" needs the param "file". Pass it: { file: ... }, or --param file=... of the command.',
    ],
    ['text for a number', { lr: '0.1' }, 'BAD_PARAM: param "lr" of pipeline "wine" must be a number, not text'],
    ['a number for text', { kind: 1 }, 'BAD_PARAM: param "kind" of pipeline "wine" must be text, not a number'],
    ['null for a flag', { deep: null }, 'BAD_PARAM: param "deep" of pipeline "wine" must be true or false, not null'],
    ['an object for an array', { sizes: {} }, 'BAD_PARAM: param "sizes" of pipeline "wine" must be an array, not an object'],
    ['NaN', { lr: NaN }, 'BAD_PARAM: param "lr" of pipeline "wine" must be JSON, but "lr" is NaN'],
    [
      'a Date inside',
      { grid: { at: [new Date()] } },
      'BAD_PARAM: param "grid" of pipeline "wine" must be JSON, but "grid".at[0] is a Date',
    ],
    ['a function', { anything: () => 1 }, 'BAD_PARAM: param "anything" of pipeline "wine" must be JSON, but "anything" is a function'],
  ])('refuse %s', (_name, values, line) => {
    expect(lineOf(() => paramValues(declared, values))).toContain(line);
  });

  test('refuse a default that is no JSON, or contains itself', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(lineOf(() => checkDefaults({ name: 'wine', params: { f: () => 1 } }))).toContain('BAD_PARAM: param "f"');
    expect(lineOf(() => checkDefaults({ name: 'wine', params: { cycle } }))).toContain('"cycle".self contains itself');
    expect(lineOf(() => checkDefaults(declared))).toBe('nothing was refused');
  });
});

describe('a param on the command line', () => {
  test.each<[string, string, unknown]>([
    ['lr', '0.5', 0.5],
    ['lr', '1e-3', 0.001],
    ['kind', '12', '12'],
    ['kind', '', ''],
    ['deep', 'true', true],
    ['deep', 'false', false],
    ['sizes', '[1, 2]', [1, 2]],
    ['grid', '{"a":[1]}', { a: [1] }],
    ['anything', 'null', null],
    ['anything', '3', 3],
    ['file', '"wine.csv"', 'wine.csv'],
  ])('%s=%s takes the type of the default', (param, text, value) => {
    expect(parseParam(declared, param, text)).toEqual(value);
  });

  test.each<[string, string, string]>([
    ['learning', '1', 'UNKNOWN_PARAM: pipeline "wine" has no param "learning"'],
    ['lr', 'fast', 'BAD_PARAM: param "lr" of pipeline "wine" must be a number, not "fast"'],
    ['lr', '', 'BAD_PARAM: param "lr" of pipeline "wine" must be a number, not ""'],
    ['lr', 'Infinity', 'BAD_PARAM: param "lr" of pipeline "wine" must be a number, not "Infinity"'],
    [
      'lr',
      '90071992547409931',
      'BAD_PARAM: param "lr" of pipeline "wine" cannot be 90071992547409931 exactly: whole numbers go to 9007199254740991',
    ],
    [
      'sizes',
      '[1, -90071992547409931]',
      'BAD_PARAM: param "sizes" of pipeline "wine" cannot be -90071992547409931 exactly: whole numbers go to 9007199254740991',
    ],
    ['deep', 'yes', 'BAD_PARAM: param "deep" of pipeline "wine" must be true or false, not "yes"'],
    ['sizes', '1,2', 'BAD_PARAM: param "sizes" of pipeline "wine" must be JSON (text in double quotes), not 1,2'],
    ['sizes', '{}', 'BAD_PARAM: param "sizes" of pipeline "wine" must be an array, not an object'],
  ])('%s=%s is refused', (param, text, line) => {
    expect(lineOf(() => parseParam(declared, param, text))).toContain(line);
  });
});
