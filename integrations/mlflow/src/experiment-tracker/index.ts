import { defineFlavor } from '@mortise/core';

/** Brings what runs log to an MLflow tracking server. */
export default defineFlavor({
  apiVersion: 1,
  type: 'experiment-tracker',
  name: 'mlflow',
  secrets: ['trackingPassword', 'trackingToken'],
  docs: 'https://mlflow.org/docs/latest/ml/tracking/server/',
  config: async () => (await import('./mlflow-tracker-config.ts')).MlflowTrackerConfig,
  settings: async () => (await import('./mlflow-tracker-settings.ts')).MlflowTrackerSettings,
  load: () => import('./mlflow-tracker.ts'),
});
