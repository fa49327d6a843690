import { defineFlavor } from '@mortise/core';

/** Everything in one SQLite file: easy to copy, to send and to throw away. */
export default defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'sqlite',
  docs: 'everything in one SQLite file',
  config: async () => (await import('./sqlite-artifact-store-config.js')).SqliteArtifactStoreConfig,
  load: () => import('./sqlite-artifact-store.js'),
});
