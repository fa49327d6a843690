import { describe, expect, it } from '@jest/globals';
import { formatDuration } from './format-duration.ts';
import { facts, table } from './table.ts';

describe('table', () => {
  it('aligns columns, colours not counted, and keeps a cell on one line', () => {
    const rows = [
      ['\u001b[32mok\u001b[39m', 'b'],
      ['longer', 'two\n  lines'],
    ];
    expect(table(['A', 'B'], rows)).toBe('A       B\n\u001b[32mok\u001b[39m      b\nlonger  two lines');
  });

  it('is its header without rows', () => {
    expect(table(['A', 'B'], [])).toBe('A  B');
  });
});

it('facts align their values', () => {
  expect(facts([['a', '1'], ['long', '2']])).toBe('a     1\nlong  2'); // prettier-ignore
});

it.each([
  [7, '0.007 s'],
  [3140, '3.1 s'],
  [125_000, '2 m 05 s'],
  [59_990, '1 m 00 s'],
  [3_720_000, '1 h 02 m'],
])('formatDuration(%d) is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
