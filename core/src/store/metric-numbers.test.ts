import { expect, test } from '@jest/globals';
import { decodeNumber, joinStep, specialOf, splitStep } from './metric-numbers.ts';

test('a step is a whole number, rounded down, and millionths above it', () => {
  expect(splitStep(7)).toEqual({ step: 7, micro: 0 });
  expect(splitStep(-1.25)).toEqual({ step: -2, micro: 750_000 });
  expect(splitStep(0.1)).toEqual({ step: 0, micro: 100_000 });
});

test('millionths that round up to a whole are carried', () => {
  expect(splitStep(1.9999999)).toEqual({ step: 2, micro: 0 });
  expect(splitStep(-0.0000001)).toEqual({ step: 0, micro: 0 });
});

test('a step joins to the number it was', () => {
  for (const step of [0, 2.1, -2.1, 0.000001, 1e15, 123456.654321]) {
    const split = splitStep(step);
    expect(joinStep(split.step, split.micro)).toBe(step);
  }
});

test('what SQL cannot hold is marked and read back', () => {
  for (const value of [NaN, Infinity, -Infinity, 1.5])
    expect(decodeNumber(specialOf(value), Number.isFinite(value) ? value : 0)).toBe(value);
});
