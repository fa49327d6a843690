import { defineFlavor } from '@mortise/core';

/** Brings what runs log to Weights & Biases, or into files that `wandb sync` uploads. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'wandb',
  secrets: ['apiKey'],
  docs: 'https://docs.wandb.ai/',
  config: async () => (await import('./wandb-tracker-config.ts')).WandbTrackerConfig,
  settings: async () => (await import('./wandb-tracker-settings.ts')).WandbTrackerSettings,
  load: () => import('./wandb-tracker.ts'),
});
