import { defineFlavor } from '@mortise/core';

export type { CometClient } from './client/comet-client.ts';
export type { CometRun } from './comet-run.ts';
export type { CometTrackerSettings } from './comet-tracker-settings.ts';

/** Brings what runs log to Comet, or into archives for `comet upload`. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'comet',
  secrets: ['apiKey'],
  docs: 'https://www.comet.com/docs/v2/',
  config: async () => (await import('./comet-tracker-config.ts')).CometTrackerConfig,
  settings: async () => (await import('./comet-tracker-settings.ts')).CometTrackerSettings,
  load: () => import('./comet-tracker.ts'),
});
