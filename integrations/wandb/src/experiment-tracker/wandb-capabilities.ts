import type { TrackerCapabilities } from '@mortise/core';
import type { WandbEnvironment } from '@mortise/wandb-client';

/** Rows of a W&B run have whole steps that rise. What comes later goes into a row of its own that says so. `WANDB_CONSOLE=off` is heeded. */
export function wandbCapabilities(
  mode: 'online' | 'offline' | 'disabled',
  env: Pick<WandbEnvironment, 'console'> = {},
): TrackerCapabilities {
  return {
    ids: 'client',
    step: 'integer',
    monotonicStep: true,
    metricContext: 'prefix',
    nesting: 'group',
    artifacts: 'upload',
    reopen: true,
    offline: mode !== 'online',
    failure: 'status+message',
    output: mode !== 'disabled' && env.console !== 'off',
    redelivery: 'offset',
    // Few large requests: W&B counts them.
    limits: { batch: 10_000 },
  };
}
