import { defineFlavor } from '@mortise/core';

export type { NeptuneTracker } from './experiment-tracker/neptune-tracker.ts';
export type { NeptuneRun } from './experiment-tracker/neptune-tracker-run.ts';
export type { NeptuneTrackerSettings } from './experiment-tracker/neptune-tracker-settings.ts';

/** Brings what runs log to Neptune 3: into files that `neptune sync` sends, or to a Neptune that you host. Neptune's hosted service ended on 5 March 2026. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'neptune',
  secrets: ['apiToken'],
  docs: "legacy and self-hosted: Neptune's hosted service ended on 5 March 2026",
  config: async () => (await import('./experiment-tracker/neptune-tracker-config.ts')).NeptuneTrackerConfig,
  settings: async () => (await import('./experiment-tracker/neptune-tracker-settings.ts')).NeptuneTrackerSettings,
  load: () => import('./experiment-tracker/neptune-tracker.ts'),
});
