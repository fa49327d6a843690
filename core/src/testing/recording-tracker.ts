/** The testkit's, under the names that the tests of this package use. It is built after this package, whose shipped files never import it. */
export {
  RecordingTracker,
  trackerFlavor as recordingFlavor,
  type Failing,
  type RecordedRun,
  type RecordingTrackerOptions,
} from '@mortise/flavor-testkit';
