import type { TrackerCapabilities } from '@mortise/core';

import type { Mode } from './neptune-environment.ts';

/** Names of metrics get `metrics/` before them, and a path has 1,024 bytes at most. */
const LONGEST_NAME = 1_016;

/** `output`: whether what runs print is kept. */
export function neptuneCapabilities(mode: Mode, output = true): TrackerCapabilities {
  return {
    ids: 'client',
    step: 'decimal',
    monotonicStep: true,
    metricContext: 'prefix',
    nesting: 'group',
    artifacts: 'upload',
    reopen: true,
    offline: mode === 'offline',
    failure: 'status+message',
    output,
    redelivery: 'dedup',
    limits: { batch: 1_000, keyLength: LONGEST_NAME },
  };
}
