import { defineFlavor } from '@mortise/core';

/** Keeps artifacts behind the artifact proxy of an MLflow server. */
export const artifactStore = defineFlavor({
  apiVersion: 1,
  type: 'artifact-store',
  name: 'mlflow',
  secrets: ['trackingPassword', 'trackingToken'],
  docs: 'https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/',
  config: async () => (await import('./mlflow-artifact-store-config.ts')).MlflowArtifactStoreConfig,
  load: () => import('./mlflow-artifact-store.ts'),
});
