import { expect, test } from '@jest/globals';

import { oneLine } from './one-line.ts';

test('what commands a terminal is left out, and half of an emoji, also where the message is cut', () => {
  expect(oneLine('a\x1b[31mred\x1b[0m\x07\u009b2J\x00b \x1b]0;title\x07c')).toBe('ared b c');
  for (const pad of ['', 'x']) expect(oneLine(pad + '🍷'.repeat(1_000)).isWellFormed()).toBe(true);
  expect(oneLine('cut \ud83d').isWellFormed()).toBe(true);
});

test('what is long is cut, what is secret is starred', () => {
  expect(oneLine('x'.repeat(10_000)).length).toBeLessThan(500);
  expect(oneLine('Bearer abcd, abcd', ['abcd'])).toBe('Bearer ***, ***');
});

test('a secret that occurs by chance is none', () => {
  expect(oneLine('a bad day', ['a', ''])).toBe('a bad day');
});
