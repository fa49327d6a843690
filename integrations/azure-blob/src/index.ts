/**
 * Azure Blob Storage for Mortise: an artifact store in a container.
 * @module @mortise/azure-blob
 */
import { defineFlavor } from '@mortise/core';

export type { AzureBlobArtifactStore } from './azure-blob-artifact-store.ts';
export type { AzureBlobConfig } from './azure-blob-config.ts';

/** Artifacts as blobs below a prefix of a container. Azure's SDK is imported when a component is made. */
export default defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'azure-blob',
  secrets: ['connectionString', 'accountKey', 'sasToken'],
  docs: 'Config, permissions and what it promises: README.md of @mortise/azure-blob',
  config: async () => (await import('./azure-blob-config.ts')).AzureBlobConfig,
  load: () => import('./create.ts'),
});
