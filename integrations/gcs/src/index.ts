/**
 * Google Cloud Storage for Mortise: an artifact store in a bucket.
 * @module @mortise/gcs
 */
import { defineFlavor } from '@mortise/core';

export type { GcsArtifactStore } from './gcs-artifact-store.ts';
export type { GcsArtifactStoreConfig } from './gcs-artifact-store-config.ts';

/** Objects below a prefix of a bucket. The SDK of Google is imported when a component is made. */
export default defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'gcs',
  secrets: ['credentials'],
  docs: 'Config, permissions and what it promises: README.md of @mortise/gcs',
  config: async () => (await import('./gcs-artifact-store-config.ts')).GcsArtifactStoreConfig,
  load: () => import('./create.ts'),
});
