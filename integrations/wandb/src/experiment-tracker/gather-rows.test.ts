import { describe, expect, test } from '@jest/globals';

import { eventsOf } from '../testing/tracker-at.ts';
import { gatherRows, OWN_STEP } from './gather-rows.ts';

type Point = [name: string, step: number, value?: number];

const gathered = (points: Point[], lastStep = -1) => {
  const events = eventsOf(points.map(([name, step, value = 1]) => ({ kind: 'metrics', values: { [name]: value }, step })));
  const { rows, late } = gatherRows(events as Parameters<typeof gatherRows>[0], { lastStep, ownStep: lastStep, startedAt: 0 });
  return { rows: rows.map(({ _timestamp, _runtime, ...row }) => row), late: [...late] };
};

describe('the rows of a batch', () => {
  test('are one for a step, whatever the order in which its metrics came', () => {
    const { rows, late } = gathered([
      ['loss', 0],
      ['loss', 1],
      ['acc', 0, 2],
      ['acc', 1, 3],
    ]);
    expect(rows).toEqual([
      { loss: 1, acc: 2, _step: 0 },
      { loss: 1, acc: 3, _step: 1 },
    ]);
    expect(late).toEqual([]);
  });

  test('rise, and a point behind the last row has its own, which says of which step it is', () => {
    const { rows, late } = gathered(
      [
        ['acc', 3, 7],
        ['loss', 12],
        ['loss', 11],
        ['acc', 4, 8],
        ['other', 3, 9],
      ],
      10,
    );
    expect(rows).toEqual([
      { loss: 1, _step: 11 },
      { loss: 1, _step: 12 },
      { acc: 7, other: 9, [OWN_STEP]: 3, _step: 13 },
      { acc: 8, [OWN_STEP]: 4, _step: 14 },
    ]);
    expect(late).toEqual(['acc', 'other']);
  });

  test('keep each of several points of one metric at one step', () => {
    const { rows } = gathered([
      ['loss', 0, 1],
      ['loss', 0, 2],
      ['loss', 0, 3],
    ]);
    expect(rows).toEqual([
      { loss: 1, _step: 0 },
      { loss: 2, [OWN_STEP]: 0, _step: 1 },
      { loss: 3, [OWN_STEP]: 0, _step: 2 },
    ]);
  });

  test('have steps from 0 on, also of points at negative ones', () => {
    expect(gathered([['loss', -5]]).rows).toEqual([{ loss: 1, [OWN_STEP]: -5, _step: 0 }]);
  });

  test('tell the time of their last point, and how long the run had run then', () => {
    const events = [
      { kind: 'metrics', values: { a: 1 }, step: 0, writer: 'w', seq: 1, at: 5_000 },
      { kind: 'metrics', values: { b: 1 }, step: 0, writer: 'w', seq: 2, at: 7_500 },
    ] as const;
    expect(gatherRows(events, { lastStep: -1, ownStep: -1, startedAt: 2_000 }).rows).toEqual([
      { a: 1, b: 1, _step: 0, _timestamp: 7.5, _runtime: 5.5 },
    ]);
  });
});
