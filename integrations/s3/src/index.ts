/**
 * S3 for Mortise: an artifact store in a bucket of any S3-compatible server.
 * @module @mortise/s3
 */
import { defineFlavor } from '@mortise/core';

export type { BucketClient, GetOptions, ListPage, ObjectFacts, OpenObject, Part, PendingUpload } from './bucket-client.ts';
export type { S3ArtifactStore } from './s3-artifact-store.ts';
export type { S3ArtifactStoreConfig } from './s3-artifact-store-config.ts';

/** Objects below a prefix of a bucket. The AWS SDK is imported when a component is made. */
export default defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 's3',
  secrets: ['secret', 'sessionToken'],
  docs: 'Config, permissions and what it promises: README.md of @mortise/s3',
  config: async () => (await import('./s3-artifact-store-config.ts')).S3ArtifactStoreConfig,
  load: () => import('./create.ts'),
});
