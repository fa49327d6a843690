import { defineFlavor } from '@mortise/core';

/** Needs nothing but a folder: a JSON summary of each tracker run, beside the curves in the project's own store. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'local',
  load: () => import('./local-tracker.ts'),
});
