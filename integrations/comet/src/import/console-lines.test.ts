import { expect, test } from '@jest/globals';

import { ConsoleLines } from './console-lines.ts';

const textsOf = (pieces: readonly string[]): string[] => {
  const lines = new ConsoleLines();
  const events = [...pieces.flatMap((piece, at) => [...lines.add(piece, false, at)]), ...lines.rest(0)];
  return events.map((event) => (event.kind === 'log' ? event.text : ''));
};

test('pieces of output become lines, wherever they were cut', () => {
  expect(textsOf(['a', 'b\nc', '', '\n\nd\ne', 'f'])).toEqual(['ab', 'c', '', 'd', 'ef']);
});

test('a line that comes in very many pieces, as a progress bar does, takes no more time for each', () => {
  const begun = performance.now();
  const [line = ''] = textsOf(Array.from({ length: 40_000 }, () => `\r${'#'.repeat(99)}`));
  expect(line).toHaveLength(4_000_000);
  expect(performance.now() - begun).toBeLessThan(3_000);
});
