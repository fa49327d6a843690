/**
 * Suites that a flavor runs to see whether it keeps what its interface promises, and doubles for tests.
 * @module @mortise/flavor-testkit
 */
export type { AlerterBackend, AlerterFault, AlerterSuite, ReceivedAlert } from './alerter/alerter-suite.ts';
export { testAlerter } from './alerter/test-alerter.ts';
export { testArtifactStore } from './artifact-store/test-artifact-store.ts';
export type { ArtifactStoreBackend, ArtifactStoreSuite } from './artifact-store/artifact-store-suite.ts';
export { chaos, ChaosTracker, type ChaosCall, type ChaosOptions } from './chaos/chaos.ts';
export { CHAOS_ACTS, type ChaosAct, type ChaosMethod, type ChaosPlan, type RandomPlan } from './chaos/chaos-plan.ts';
export type { ExperimentTrackerBackend, ExperimentTrackerSuite, Fault } from './experiment-tracker/experiment-tracker-suite.ts';
export { loggedState } from './experiment-tracker/logged-state.ts';
export { testExperimentTracker } from './experiment-tracker/test-experiment-tracker.ts';
export type { Lack, MetricPoint, PrintedLine, TrackerState } from './experiment-tracker/tracker-state.ts';
export type { OrchestratorBackend, OrchestratorSuite } from './orchestrator/orchestrator-suite.ts';
export { testOrchestrator } from './orchestrator/test-orchestrator.ts';
export { recordedState } from './recording/recorded-state.ts';
export { RECORDING_FILE, recordingFlavor, trackerFlavor } from './recording/recording-flavor.ts';
export { RecordingTracker, type Failing, type RecordingTrackerOptions } from './recording/recording-tracker.ts';
export { Recording, type RecordedRun } from './recording/recording.ts';
export { takeFolderAway } from './take-folder-away.ts';
export { temporaryBackend, type TemporaryBackend } from './temporary-backend.ts';
export type { TestRunner } from './test-runner.ts';
