import type { AttemptTracking } from '../tracking/run-tracking.ts';
import type { OpenRun } from './open-run.ts';
import { untilAborted } from './until-stopped.ts';

/**
 * Under `onTrackerError: 'fail'`, waits until the tracker runs of an attempt are open, within the limit.
 * @throws TrackerUnavailable
 */
export async function waitForTrackers(run: OpenRun, { trackerRuns }: AttemptTracking, stop: AbortSignal): Promise<void> {
  if (trackerRuns.length === 0 || (run.options.onTrackerError ?? run.plan.onTrackerError) !== 'fail') return;
  await untilAborted(Promise.all(trackerRuns.map((trackerRun) => trackerRun.opened())), stop);
}
