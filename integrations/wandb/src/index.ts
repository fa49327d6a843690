export type { WandbRun } from './experiment-tracker/wandb-tracker-run.ts';
export { default } from './experiment-tracker/index.ts';
