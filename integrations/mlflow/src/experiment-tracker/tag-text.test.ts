import { expect, test } from '@jest/globals';

import { LONGEST_TAG, tagText } from './tag-text.ts';

test('a text that fits stays as it is', () => {
  expect(tagText('x'.repeat(LONGEST_TAG))).toBe('x'.repeat(LONGEST_TAG));
});

test('a text that is too long is cut to what fits, and says so', () => {
  const text = tagText('x'.repeat(20_000));
  expect(text).toHaveLength(LONGEST_TAG);
  expect(text).toMatch(/^x+ \.\.\. \[cut, it had 20000 characters\]$/);
});

test('no character is cut in half', () => {
  for (const pad of ['', 'x']) expect(tagText(pad + '🍷'.repeat(5_000)).isWellFormed()).toBe(true);
});
