import { describe, expect, test } from '@jest/globals';

import { nameRefusal } from './mlflow-names.ts';

describe('names that MLflow takes', () => {
  test.each(['loss', 'val/loss', 'a b.c-d_e:f', 'précision', '損失', 'x'.repeat(250), 'a..b'])('%s', (name) => {
    expect(nameRefusal(name)).toBeUndefined();
  });
});

describe('names that it refuses are told with the reason', () => {
  test.each([
    ['🍷', 'letters'],
    ['a@b', 'letters'],
    ['', 'letters'],
    ['/a', 'path'],
    ['a/', 'path'],
    ['a//b', 'path'],
    ['../a', 'path'],
    ['a/./b', 'path'],
    ['..a', 'path'],
    ['x'.repeat(251), '251 characters'],
  ])('%s', (name, reason) => {
    expect(nameRefusal(name)).toContain(reason);
  });
});
