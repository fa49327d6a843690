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

test('a line that comes in very many pieces, as dots of progress do, takes no more time for each', () => {
  const begun = performance.now();
  const [line = ''] = textsOf(Array.from({ length: 40_000 }, () => '#'.repeat(100)));
  expect(line).toHaveLength(4_000_000);
  expect(performance.now() - begun).toBeLessThan(3_000);
});

test('what a carriage return has overwritten is gone, as on a screen, and one before the end of a line overwrites nothing', () => {
  expect(textsOf([' 10%\r 50%\r100%\n'])).toEqual(['100%']);
  expect(textsOf(['a\r\nb', '\r', '\nc\r\r\n'])).toEqual(['a', 'b', 'c']);
  expect(textsOf(['lost\r', 'kept', '\r'])).toEqual(['kept']);
  const [bar = ''] = textsOf(Array.from({ length: 40_000 }, (_, at) => `\r${at}`));
  expect(bar).toBe('39999');
});
