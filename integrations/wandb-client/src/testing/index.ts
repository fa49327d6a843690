/** A server that acts as Weights & Biases for tests. */
export { startWandbRecorder, type WandbRecorder } from './wandb-recorder.ts';
export type { RecordedArtifact, RecordedRun } from './recorded-run.ts';
