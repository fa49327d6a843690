import { describe, expect, it } from '@jest/globals';

import { closeMutants } from '../testing/close-mutants.ts';
import { CollectingRunner } from '../testing/collecting-runner.ts';
import { deliverMutants } from '../testing/deliver-mutants.ts';
import { openMutants } from '../testing/open-mutants.ts';
import { recordingSuite } from '../testing/recording-suite.ts';
import { redeliveryMutants } from '../testing/redelivery-mutants.ts';
import { testExperimentTracker } from './test-experiment-tracker.ts';

describe('the suite for experiment trackers catches one that', () => {
  it.each([...openMutants, ...deliverMutants, ...redeliveryMutants, ...closeMutants])('$does', async ({ caughtBy, claims, make }) => {
    const broken = new CollectingRunner();
    testExperimentTracker(broken, recordingSuite(make, claims));
    expect(await broken.failureOf(caughtBy)).toEqual(expect.any(String));
    // The same claims unbroken pass.
    const whole = new CollectingRunner();
    testExperimentTracker(whole, recordingSuite(undefined, claims));
    expect(await whole.failureOf(caughtBy)).toBeUndefined();
  });
});
