export type { WandbTracker } from './experiment-tracker/wandb-tracker.ts';
export type { WandbRun } from './experiment-tracker/wandb-tracker-run.ts';
export type { WandbTrackerSettings } from './experiment-tracker/wandb-tracker-settings.ts';
export { default } from './experiment-tracker/index.ts';
