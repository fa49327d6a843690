import { expect, test } from '@jest/globals';

import { Pace } from './pace.ts';

test("a minute's worth goes at once, and what follows waits for as long as it takes to come back", () => {
  const pace = new Pace(12_000, 0);
  expect(pace.take(10_000, 0)).toBe(0);
  expect(pace.take(2_000, 0)).toBe(0);
  expect(pace.free(0)).toBe(0);
  expect(pace.take(1_000, 0)).toBe(5_000);
  expect(pace.take(200, 6_000)).toBe(0);
  expect(pace.take(1, 600_000)).toBe(0);
});

test('more than a minute allows is taken when all of it is free, and counts', () => {
  const pace = new Pace(600, 0);
  expect(pace.take(1_200, 0)).toBe(0);
  expect(pace.take(1, 0)).toBe(60_100);
});

test('no limit is none', () => {
  const pace = new Pace(0, 0);
  expect(pace.take(1_000_000, 0)).toBe(0);
});

test('a few go at once', async () => {
  const begun = performance.now();
  const pace = new Pace(2);
  for (let i = 0; i < 2; i++) await pace.wait(1);
  // One alone comes back in 30 s.
  expect(performance.now() - begun).toBeLessThan(20_000);
});

test('those after them go one by one', async () => {
  const begun = performance.now();
  const pace = new Pace(1_500);
  await pace.wait(1_497);
  for (let i = 0; i < 6; i++) await pace.wait(1);
  // Three had to come back. Timers may be a millisecond early.
  expect(performance.now() - begun).toBeGreaterThan(110);
});

test('who gives up waits no longer, and takes nobody’s turn', async () => {
  const pace = new Pace(1);
  await pace.wait(1);
  await expect(pace.wait(1, AbortSignal.timeout(5))).rejects.toMatchObject({ name: 'TimeoutError' });
  await expect(pace.wait(1, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  expect(pace.take(1)).toBeLessThanOrEqual(60_000);
});
