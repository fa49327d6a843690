import { join } from 'node:path';

import { defineFlavor, type ComponentContext, type DefinedFlavor, type ExperimentTracker } from '@mortise/core';

import { RecordingTracker } from './recording-tracker.ts';
import { Recording } from './recording.ts';

/** Where the tracker of a `recording` component keeps what it records, in its scratch folder. */
export const RECORDING_FILE = 'recording.jsonl';

/** The flavor `recording`: its trackers remember in a file of their component, so that another process goes on with the same runs. */
export const recordingFlavor = defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'recording',
  load: async () => ({
    create: async ({ scratch }: ComponentContext) => new RecordingTracker({ recording: new Recording(join(scratch, RECORDING_FILE)) }),
  }),
});

/** A flavor whose components are all the given tracker, for stacks made in tests. */
export function trackerFlavor<Tracker extends ExperimentTracker>(
  tracker: Tracker,
  name = 'recording',
): DefinedFlavor<'experiment-tracker', Tracker> {
  return defineFlavor({ apiVersion: 1, type: 'experiment-tracker', name, load: async () => ({ create: async () => tracker }) });
}
