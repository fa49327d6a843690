import { defineFlavor } from '@mortise/core';

/** What is registered. Config and implementation are imported only when they are needed. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'flavor-name',
  config: async () => (await import('./config.js')).FlavorNameConfig,
  load: () => import('./tracker.js'),
});
