import type { ExperimentTracker } from '@mortise/core';

import type { CometRun } from '../comet-run.ts';
import { CometTrackerConfig } from '../comet-tracker-config.ts';
import { create } from '../comet-tracker.ts';

/** A tracker, as a process of its own would make it in a project. */
export function trackerIn(
  projectRoot: string,
  config: Partial<CometTrackerConfig>,
  warn: (message: string) => void = () => undefined,
): Promise<ExperimentTracker<CometRun>> {
  const quiet = (): void => undefined;
  return create({
    ...{ config: Object.assign(new CometTrackerConfig(), config), name: 'comet', log: { debug: quiet, info: quiet, warn } },
    ...{ fetch, scratch: projectRoot, projectRoot },
  });
}
