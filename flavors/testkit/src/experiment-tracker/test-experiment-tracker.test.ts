import { connect } from 'node:net';

import { describe, expect, it } from '@jest/globals';

import { closeMutants } from '../testing/close-mutants.ts';
import { CollectingRunner } from '../testing/collecting-runner.ts';
import { deliverMutants } from '../testing/deliver-mutants.ts';
import { openMutants } from '../testing/open-mutants.ts';
import { outputMutants } from '../testing/output-mutants.ts';
import { recordingSuite } from '../testing/recording-suite.ts';
import { RecordingTracker } from '../recording/recording-tracker.ts';
import { redeliveryMutants } from '../testing/redelivery-mutants.ts';
import { testExperimentTracker } from './test-experiment-tracker.ts';

describe('the suite for experiment trackers catches one that', () => {
  it.each([...openMutants, ...deliverMutants, ...redeliveryMutants, ...outputMutants, ...closeMutants])(
    '$does',
    async ({ caughtBy, claims, make }) => {
      const broken = new CollectingRunner();
      testExperimentTracker(broken, recordingSuite(make, claims));
      expect(await broken.failureOf(caughtBy)).toEqual(expect.any(String));
      // The same claims unbroken pass.
      const whole = new CollectingRunner();
      testExperimentTracker(whole, recordingSuite(undefined, claims));
      expect(await whole.failureOf(caughtBy)).toBeUndefined();
    },
  );
});

describe('the suite for experiment trackers', () => {
  it('blames no tracker for a socket that something else in the process opens', async () => {
    const runner = new CollectingRunner();
    const elsewhere = setInterval(() => connect({ port: 9, host: '127.0.0.1' }).on('error', () => undefined), 1);
    const slow = (options: object): RecordingTracker => new RecordingTracker({ ...options, openDelayMs: 50 });
    try {
      testExperimentTracker(runner, recordingSuite(slow, { offline: true }));
      expect(await runner.failureOf('opens no socket')).toBeUndefined();
    } finally {
      clearInterval(elsewhere);
    }
  });

  it('puts away every tracker that a test made', async () => {
    const runner = new CollectingRunner();
    const trackers: (RecordingTracker & { gone?: true })[] = [];
    const make = (options: object): RecordingTracker => {
      const tracker: RecordingTracker & { gone?: true } = new RecordingTracker(options);
      trackers.push(Object.assign(tracker, { [Symbol.asyncDispose]: async () => void (tracker.gone = true) }));
      return tracker;
    };
    testExperimentTracker(runner, recordingSuite(make));
    await runner.failureOf('the environment for spawned processes is texts, the same each time');
    expect(trackers.map(({ gone }) => gone)).toEqual([true, true]);
  });
});
