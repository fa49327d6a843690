import type { TrackerCapabilities } from '@mortise/core';

/** MLflow keeps a metric's name, time, step and value once, and no text of output. It rounds decimal steps in silence, so they are claimed as impossible. */
export const MLFLOW_CAPABILITIES: TrackerCapabilities = {
  ids: 'server',
  step: 'integer',
  monotonicStep: false,
  metricContext: 'prefix',
  nesting: 'parent',
  artifacts: 'upload',
  reopen: true,
  offline: false,
  failure: 'status+message',
  redelivery: 'dedup',
  limits: { batch: 1_000, keyLength: 250, paramLength: 6_000 },
};
