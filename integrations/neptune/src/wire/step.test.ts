import { expect, test } from '@jest/globals';

import { keptStep, stepNumber, wireStep } from './step.ts';

test.each([
  [0, { whole: 0, micro: 0 }],
  [7.654321, { whole: 7, micro: 654_321 }],
  [0.1 + 0.2, { whole: 0, micro: 300_000 }],
  [0.9999999, { whole: 1, micro: 0 }],
  [999_999_999_999, { whole: 999_999_999_999, micro: 0 }],
])('step %d in whole steps and millionths', (step, parts) => {
  expect(wireStep(step)).toEqual(parts);
});

test.each([0, 0.1, 1.250001, 7.654321, 123_456_789.000001, 2 ** 39])('step %d comes back as it was', (step) => {
  expect(stepNumber(wireStep(step))).toBe(step);
  expect(keptStep(step)).toEqual({ step });
});

test('what is left over of a sum is no digit', () => {
  expect(keptStep(0.1 + 0.2)).toEqual({ step: 0.3 });
});

test.each([-1, 1e12, NaN, Infinity])('step %d is refused', (step) => {
  expect(keptStep(step)).toEqual({ why: 'is no step for Neptune: it takes those from 0 to below 1e12' });
});

test('a step with a seventh digit is refused, not rounded', () => {
  expect(keptStep(0.1234567)).toEqual({ why: 'has more than six digits after the point, Neptune keeps six' });
});
