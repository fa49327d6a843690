import { describe, expect, it } from '@jest/globals';

import { alerterMutants } from '../testing/alerter-mutants.ts';
import { CollectingRunner } from '../testing/collecting-runner.ts';
import { memorySuite } from '../testing/memory-alerter.ts';
import { testAlerter } from './test-alerter.ts';

testAlerter({ describe, it }, memorySuite());

describe('the suite for alerters catches one that', () => {
  it.each(alerterMutants)('$does', async ({ caughtBy, make }) => {
    const runner = new CollectingRunner();
    testAlerter(runner, memorySuite(make));
    expect(await runner.failureOf(caughtBy)).toEqual(expect.any(String));
  });

  it('breaks any of its clauses: each has one', () => {
    const runner = new CollectingRunner();
    testAlerter(runner, memorySuite());
    const caught = new Set(alerterMutants.map(({ caughtBy }) => caughtBy));
    expect([...runner.tests.keys()].filter((claim) => !caught.has(claim))).toEqual([]);
  });
});
