import type { TrackerCapabilities } from '@mortise/core';

/** Comet's own client cuts longer names; here they are refused. */
const LIMITS = { batch: 1_000, keyLength: 100 };

/**
 * Comet's clients choose the experiment's key. Its documentation has steps as integers. Nobody outside knows whether a batch of points that comes twice is two:
 * how far a run came is kept, and after a lost answer the points are read back.
 */
export const ONLINE_CAPABILITIES: TrackerCapabilities = {
  ids: 'client',
  step: 'integer',
  monotonicStep: false,
  metricContext: 'prefix',
  nesting: 'tags',
  artifacts: 'upload',
  reopen: true,
  offline: false,
  failure: 'status+message',
  output: true,
  redelivery: 'offset',
  limits: LIMITS,
};

/** Files of a run remember how far it came. Comet's archive has a place for an error's text, and none for having crashed. */
export const OFFLINE_CAPABILITIES: TrackerCapabilities = {
  ...ONLINE_CAPABILITIES,
  offline: true,
  failure: 'message',
  redelivery: 'dedup',
};
