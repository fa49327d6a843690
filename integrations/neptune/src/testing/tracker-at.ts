import type { Logger } from '@mortise/core';

import { NeptuneTrackerConfig } from '../experiment-tracker/neptune-tracker-config.ts';
import { create, type NeptuneTracker } from '../experiment-tracker/neptune-tracker.ts';

export { curve, eventsOf, never, newIdentity, newStart as startOf } from '../../../../core/src/testing/sample-tracker-run.ts';
export const PROJECT = 'acme/wine';

/** A tracker, as a process of its own would make it. `warnings` takes what it says. */
export function trackerAt(
  given: Partial<NeptuneTrackerConfig>,
  { projectRoot = '/nowhere', warnings = [] }: { projectRoot?: string; warnings?: string[] } = {},
): Promise<NeptuneTracker> {
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: (message) => void warnings.push(message) };
  const config = Object.assign(new NeptuneTrackerConfig(), { project: PROJECT, ...given });
  return create({ config, name: 'neptune', log, fetch, scratch: '/nowhere', projectRoot });
}
