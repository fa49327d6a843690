import { RecordingTracker, recordingFlavor, type RecordedRun } from '../testing/recording-tracker.ts';
import { activeRun } from './active-run.ts';

/** `activeRun(flavor)` has the native handle of that flavor. */
export async function typedByTheFlavor(): Promise<void> {
  const handle: RecordedRun = await activeRun(recordingFlavor(new RecordingTracker())).native();
  handle.events.at(0);
  const unknownHandle = await activeRun().native();
  // @ts-expect-error without a flavor nothing is known of the handle
  unknownHandle.events;
  // @ts-expect-error a metric is a number
  activeRun().logMetric('loss', '0.1');
  // @ts-expect-error options are known by name
  activeRun().logMetric('loss', 1, { stpe: 1 });
}
