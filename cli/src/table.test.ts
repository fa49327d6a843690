import { describe, expect, it } from '@jest/globals';
import { durationBetween, formatDuration } from './format-duration.ts';
import { logText } from './printable.ts';
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

it('has as many rows as a run has steps', () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [`each[${index}]`, 'completed']);
  expect(table(['STEP', 'STATUS'], rows).split('\n')).toHaveLength(200_001);
});

describe('what could command a terminal', () => {
  it('is shown as text in tables and facts, but for the colours of a status', () => {
    expect(table(['A'], [['\u001b[2J\u0007x\u009b2J\u007f'], ['\u001b[31mfailed\u001b[39m']])).toBe(
      'A\n\\x1b[2J\\x07x\\x9b2J\\x7f\n\u001b[31mfailed\u001b[39m',
    );
    expect(facts([['a', 'one\n  two\u001b]0;title\u0007\tthree\r']])).toBe('a  one two\\x1b]0;title\\x07 three');
  });

  it('is dropped from logs, but for colours and the ends of lines', () => {
    expect(logText('\u001b[1;32mgreen\u001b[0m\u001b[2J\u001b]0;title\u0007\ta\r\nb\rc\u001b(B\n')).toBe(
      '\u001b[1;32mgreen\u001b[0m\ta\nb\nc\n',
    );
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

it('how long something took is not told where the clock was put back meanwhile', () => {
  expect(durationBetween('2026-01-01T12:00:00.000Z', '2026-01-01T11:00:00.000Z')).toBe('-');
});
