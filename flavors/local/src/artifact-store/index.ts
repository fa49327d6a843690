import { defineFlavor } from '@mortise/core';

/** A folder on this host. Needs nothing else. */
export default defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'local',
  config: async () => (await import('./local-artifact-store-config.ts')).LocalArtifactStoreConfig,
  load: () => import('./local-artifact-store.ts'),
});
