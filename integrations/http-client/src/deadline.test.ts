import { expect, test } from '@jest/globals';

import { Deadline } from './deadline.ts';

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a deadline that nothing renews passes', async () => {
  const deadline = new Deadline(20);
  await wait(60);
  expect([deadline.passed, deadline.signal.aborted]).toEqual([true, true]);
});

test('one that is renewed or paused does not', async () => {
  const deadline = new Deadline(60);
  for (let at = 0; at < 4; at++) {
    await wait(20);
    deadline.renew();
  }
  deadline.pause();
  await wait(120);
  expect(deadline.passed).toBe(false);
  deadline.end();
});

test('one that ended stays so: a body that is let go of later keeps no timer', async () => {
  const deadline = new Deadline(20);
  deadline.end();
  deadline.renew();
  await wait(60);
  expect([deadline.passed, deadline.signal.aborted]).toEqual([false, false]);
});

test('the caller’s patience ends it with the caller’s reason, and is no limit that passed', () => {
  const caller = new AbortController();
  const deadline = new Deadline(60_000, caller.signal);
  const reason = new Error('enough');
  caller.abort(reason);
  expect([deadline.passed, deadline.signal.reason]).toEqual([false, reason]);
  const late = new Deadline(60_000, caller.signal);
  expect(late.signal.reason).toBe(reason);
  for (const one of [deadline, late]) one.end();
});

test.each([2 ** 31, 1e12, Infinity])('a limit of %d ms, which is more than timers know, does not pass at once', async (milliseconds) => {
  const deadline = new Deadline(milliseconds);
  await wait(30);
  deadline.end();
  expect(deadline.passed).toBe(false);
});
