import type { Logger, TrackerRunStart } from '@mortise/core';

import { newStart } from '../../../../core/src/testing/sample-tracker-run.ts';
import { MlflowTrackerConfig } from '../experiment-tracker/mlflow-tracker-config.ts';
import { create, type MlflowTracker } from '../experiment-tracker/mlflow-tracker.ts';

export { curve, eventsOf, never, newIdentity } from '../../../../core/src/testing/sample-tracker-run.ts';

/** A tracker, as a process of its own would make it. `warnings` takes what it says. */
export function trackerAt(
  trackingUri: string,
  { config = {}, warnings = [] }: { config?: Partial<MlflowTrackerConfig>; warnings?: string[] } = {},
): Promise<MlflowTracker> {
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: (message) => void warnings.push(message) };
  const whole = Object.assign(new MlflowTrackerConfig(), { trackingUri, ...config });
  return create({ config: whole, name: 'mlflow', log, fetch, scratch: '/nowhere', projectRoot: '/nowhere' });
}

export const startIn = (experiment: string, over: Partial<TrackerRunStart> = {}): TrackerRunStart => newStart({ experiment, ...over });
