import { describe, expect, test } from '@jest/globals';

import { Delivered, furthest, keptNames, markIn, markOf, nameOf } from './delivered.ts';

const names = (writer: string, seqs: readonly number[]): string[] => seqs.map((seq) => nameOf({ writer, seq }));
const every = (step: number, count: number): number[] => Array.from({ length: count }, (_, i) => 1 + i * step);

describe('what is kept of refused events', () => {
  test('is a range for those that follow each other, writer by writer, whatever their order and however often they are named', () => {
    expect(keptNames([...names('b', [7]), ...names('a', [3, 1, 2, 2, 9])])).toEqual(['b 7', 'a 1-3', 'a 9']);
  });

  test('is read again as it was', () => {
    const refused = keptNames(names('w', [1, 2, 3, 9]));
    const delivered = new Delivered({ through: { w: 10 }, refused });
    expect(every(1, 11).filter((seq) => delivered.has({ writer: 'w', seq }))).toEqual([4, 5, 6, 7, 8, 10]);
    expect(delivered.progress).toEqual({ through: { w: 10 }, refused: ['w 1-3', 'w 9'] });
    expect(furthest({ through: { w: 10 }, refused }, { through: {}, refused: ['w 4'] }).refused).toEqual(['w 1-4', 'w 9']);
  });

  test('of a hundred thousand that follow each other is a few bytes, and of as many apart the last: it goes with every request', () => {
    expect(keptNames(names('w', every(1, 100_000)))).toEqual(['w 1-100000']);
    const apart = keptNames(names('w', every(2, 100_000)));
    expect(JSON.stringify(apart).length).toBeLessThan(10_000);
    expect(apart.at(-1)).toBe('w 199999');
  });

  test('is not believed whatever a summary says', () => {
    const mark = (refused: unknown) => markIn({ _mortise: { ...markOf('k', { through: { w: 3 } }), refused } }, 'k');
    for (const nonsense of ['w 1', 3, {}, [null, 'w', 'w x', 'w 1-99999999999999']]) expect(mark(nonsense)).toEqual({ through: { w: 3 } });
  });
});
